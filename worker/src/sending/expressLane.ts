/** The express lane as a queue: asked now and then, and at once when something became due here. */
import type { ChunkRef } from './ports.ts'
import type { Wakeup, WorkQueue } from './workLoop.ts'

export interface ExpressLane extends WorkQueue {
  /** Something may be due: look now. */
  nudge(): void
}

export interface ExpressLaneOptions {
  /** Takes the next chunk that is due, so that nobody else does. */
  readonly take: () => Promise<ChunkRef | undefined>
  /** How long one who finds nothing waits. */
  readonly everyMs: number
}

interface Again {
  readonly ref: ChunkRef
  readonly atMs: number
}

/** Chunks that are kept here until they are due again; the ledger knows the others, and these too if we end before. */
const MOST_KEPT = 1_000

export function expressLane({ take, everyMs }: ExpressLaneOptions): ExpressLane {
  const kept: Again[] = []
  const sleepers = new Set<() => void>()
  const wakeupOf = (ref: ChunkRef): Wakeup => ({
    ref,
    acknowledge: () => Promise.resolve(),
    later: (delayMs) => {
      if (kept.length < MOST_KEPT) kept.push({ ref, atMs: performance.now() + delayMs })
    },
    working: () => undefined,
  })
  const keptNow = (): ChunkRef | undefined => {
    const index = kept.findIndex(({ atMs }) => atMs <= performance.now())
    return index < 0 ? undefined : kept.splice(index, 1)[0]?.ref
  }
  const pause = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        sleepers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, untilNext(kept, everyMs))
      sleepers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })

  return {
    nudge: () => {
      for (const wake of [...sleepers]) wake()
    },
    next: async (signal) => {
      const ref = keptNow() ?? (await take())
      if (ref !== undefined) return wakeupOf(ref)
      if (!signal.aborted) await pause(signal)
      return undefined
    },
  }
}

const untilNext = (kept: readonly Again[], everyMs: number): number =>
  Math.ceil(Math.max(0, Math.min(everyMs, ...kept.map(({ atMs }) => atMs - performance.now()))))
