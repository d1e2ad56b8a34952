/** Sweeps on a jittered timetable, and at once when something became due here. */
import type { Published, WakeupLedger, WakeupPublisher } from './sweep.ts'
import { repeat } from '../runtime/repeat.ts'
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

/** Every so many pauses the queue is compared with the ledger, however often it is swept at once. */
const COMPARE_EVERY = 3

export function sweepLoop(options: SweepOptions): SweepLoop {
  const { everyMs, ready, stopping, onError } = options
  let comparedAtMs = performance.now()
  return repeat({
    everyMs,
    jitter: [0.75, 1.25],
    work: () => {
      const compare = performance.now() - comparedAtMs >= COMPARE_EVERY * everyMs
      if (compare) comparedAtMs = performance.now()
      return sweepOnce(options, compare)
    },
    onError,
    ready,
    stopping,
  })
}

async function sweepOnce(options: SweepOptions, compare: boolean): Promise<void> {
  const { ledger, publisher, onPublished, onRecovered } = options
  await publishDue(ledger, publisher, onPublished)
  if (!compare) return
  const recovered = await recoverLost(ledger, publisher)
  if (recovered > 0) onRecovered(recovered)
  await ledger.completeOrphans()
  await ledger.foldTallies()
}
