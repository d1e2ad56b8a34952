/** Work that is done again and again, with a pause after each time, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface RepeatOptions {
  /** From the end of one time to the beginning of the next; asked anew for each pause when it depends on something. */
  readonly everyMs: number | (() => number)
  /** A pause is so many times `everyMs`, drawn from least ≤ x < most; exactly `everyMs` when left out. */
  readonly jitter?: readonly [least: number, most: number]
  /** Whether it is for us to do, asked each time; if not, there is only the pause. */
  readonly isMine?: () => Promise<boolean>
  readonly work: () => Promise<unknown>
  /** Told of each time that failed, be it `isMine` or `work`. */
  readonly onError: (error: unknown) => void
  /** The pause after so many failures in a row; the usual one when left out. `random`: 0 ≤ x < 1. */
  readonly retryMs?: (failures: number, random: number) => number
  readonly stopping: AbortSignal
  /** Nothing is done before. */
  readonly ready?: Promise<unknown>
  /** Whether the first time comes after a pause too. */
  readonly pausesFirst?: boolean
  /** Whether a pause keeps the process alive, as it does when left out. */
  readonly ref?: boolean
  readonly clock?: Clock
}

/** What a test replaces. */
export interface Clock {
  /** Resolves after so long, or when aborted. */
  sleep(ms: number, signal: AbortSignal, ref: boolean): Promise<void>
  /** @returns 0 ≤ x < 1 */
  random(): number
}

export interface Repeated {
  /** Once more without a pause: now, or right after the time that is under way. */
  readonly nudge: () => void
  /** Resolves after the first time, however it went, or when told to stop before. */
  readonly looked: Promise<void>
  /** Resolves when told to stop, after the time that was under way. */
  readonly finished: Promise<void>
}

const CLOCK: Clock = {
  sleep: (ms, signal, ref) => sleep(ms, undefined, { signal, ref }).catch(() => undefined),
  random: Math.random,
}

/** Two times never overlap, and one that fails ends nothing. */
export function repeat(options: RepeatOptions): Repeated {
  const { work, onError, retryMs, stopping, ref = true, clock = CLOCK } = options
  const { isMine = () => Promise.resolve(true) } = options
  const [least, most] = options.jitter ?? [1, 1]
  let failures = 0
  let isNudged = false
  let wake: () => void = () => undefined

  const usualMs = () => {
    const everyMs = typeof options.everyMs === 'number' ? options.everyMs : options.everyMs()
    return everyMs * (least + clock.random() * (most - least))
  }
  const pause = async (ms: number) => {
    if (isNudged || stopping.aborted) return
    const waking = new AbortController()
    wake = () => {
      waking.abort()
    }
    await clock.sleep(ms, waking.signal, ref)
  }
  /** @returns whether it went well */
  const once = async (): Promise<boolean> => {
    isNudged = false
    try {
      if (await isMine()) await work()
      return true
    } catch (error) {
      onError(error)
      return false
    }
  }
  const looked = Promise.withResolvers<undefined>()
  const run = async () => {
    await options.ready
    if (options.pausesFirst === true) await pause(usualMs())
    while (!stopping.aborted) {
      failures = (await once()) ? 0 : failures + 1
      looked.resolve(undefined)
      await pause(failures > 0 && retryMs ? retryMs(failures, clock.random()) : usualMs())
    }
  }
  stopping.addEventListener(
    'abort',
    () => {
      wake()
    },
    { once: true },
  )
  return {
    nudge: () => {
      isNudged = true
      wake()
    },
    looked: looked.promise,
    finished: run().finally(() => {
      looked.resolve(undefined)
    }),
  }
}
