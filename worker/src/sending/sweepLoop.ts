/** Sweeps on a jittered timetable, and at once when something became due here. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Published, WakeupLedger, WakeupPublisher } from './sweep.ts'
import { publishDue, recoverLost } from './sweep.ts'

export interface SweepOptions {
  readonly ledger: WakeupLedger
  readonly publisher: WakeupPublisher
  readonly everyMs: number
  /** Nothing is swept before. */
  readonly ready: Promise<unknown>
  readonly stopping: AbortSignal
  readonly onError: (error: unknown) => void
  /** Told of each group of wake-ups, whether the queue took all of it. */
  readonly onPublished: (published: Published) => void
  readonly onRecovered: (chunks: number) => void
}

export interface SweepLoop {
  /** Something became due: publish now. */
  readonly nudge: () => void
  readonly finished: Promise<void>
}

/** Every so many sweeps the queue is compared with the ledger. */
const COMPARE_EVERY = 3

export function sweepLoop(options: SweepOptions): SweepLoop {
  const { everyMs, stopping } = options
  let wake: () => void = () => undefined
  let isNudged = false

  const wait = async () => {
    if (isNudged) return
    const timer = new AbortController()
    const nudged = new Promise<void>((resolve) => {
      wake = resolve
    })
    const waitMs = everyMs * (0.75 + Math.random() / 2)
    const slept = sleep(waitMs, undefined, { signal: AbortSignal.any([stopping, timer.signal]) })
    await Promise.race([nudged, slept.catch(() => undefined)])
    timer.abort()
  }
  const run = async () => {
    await options.ready
    for (let sweep = 1; !stopping.aborted; sweep += 1) {
      isNudged = false
      await sweepOnce(options, sweep % COMPARE_EVERY === 0).catch(options.onError)
      await wait()
    }
  }
  return {
    nudge: () => {
      isNudged = true
      wake()
    },
    finished: run(),
  }
}

async function sweepOnce(options: SweepOptions, compare: boolean): Promise<void> {
  const { ledger, publisher, onPublished, onRecovered } = options
  await publishDue(ledger, publisher, onPublished)
  if (!compare) return
  const recovered = await recoverLost(ledger, publisher)
  if (recovered > 0) onRecovered(recovered)
  await ledger.completeOrphans()
}
