/** Asks the provider now and then how much the account may send, and tells the rate. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider, Rate } from './ports.ts'

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

export function allowanceLoop({ provider, rate, stopping, onError }: AllowanceOptions): AllowanceLoop {
  if (provider.allowance === undefined) return { looked: Promise.resolve(), finished: Promise.resolve() }
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping, ref: false }).catch(() => undefined)
  const look = async (): Promise<boolean> => {
    if (stopping.aborted) return false
    try {
      const perSecond = await provider.allowance?.()
      if (perSecond !== undefined) rate.learned(perSecond)
      return true
    } catch (error) {
      onError(error)
      return false
    }
  }
  const first = look()
  const run = async () => {
    let hasAnswered = await first
    while (!stopping.aborted) {
      await pause((hasAnswered ? EVERY_MS : AGAIN_MS) * (0.75 + Math.random() / 2))
      hasAnswered = await look()
    }
  }
  return { looked: Promise.race([first, pause(FIRST_MS)]).then(() => undefined), finished: run() }
}
