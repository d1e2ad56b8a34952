/** Asks the provider now and then how much the account may send, and tells the rate. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider, Rate } from './ports.ts'
import { repeat } from '../runtime/repeat.ts'

export interface AllowanceOptions {
  readonly provider: Pick<Provider, 'allowance'>
  readonly rate: Pick<Rate, 'learned'>
  readonly stopping: AbortSignal
  readonly onError: (error: unknown) => void
}

export interface AllowanceLoop {
  /** Resolves after the first answer, or when that is not to be waited for. */
  readonly looked: Promise<void>
  readonly finished: Promise<void>
}

const EVERY_MS = 300_000
const AGAIN_MS = 30_000
const FIRST_MS = 10_000
const JITTER = [0.75, 1.25] as const

export function allowanceLoop({ provider, rate, stopping, onError }: AllowanceOptions): AllowanceLoop {
  if (provider.allowance === undefined) return { looked: Promise.resolve(), finished: Promise.resolve() }
  const { looked, finished } = repeat({
    everyMs: EVERY_MS,
    jitter: JITTER,
    work: async () => {
      const perSecond = await provider.allowance?.()
      if (perSecond !== undefined) rate.learned(perSecond)
    },
    onError,
    retryMs: (_failures, random) => AGAIN_MS * (JITTER[0] + random * (JITTER[1] - JITTER[0])),
    stopping,
    ref: false,
  })
  const patience = sleep(FIRST_MS, undefined, { signal: stopping, ref: false }).catch(() => undefined)
  return { looked: Promise.race([looked, patience]).then(() => undefined), finished }
}
