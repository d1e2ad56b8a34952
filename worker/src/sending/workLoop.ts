/** A worker's life: wake-up → chunk → acknowledgement, several at a time, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChunkRef, Settled } from './ports.ts'
import { reconnectMs } from '../domain/backoff.ts'
import { Slots } from './slots.ts'

/** A delivery of the work queue. Acknowledgements that are lost cost a second look, nothing else. */
export interface Wakeup {
  readonly ref: ChunkRef
  /** Handled, and known to the queue as such. */
  acknowledge(): Promise<void>
  /** Deliver it again, not before `delayMs`. */
  later(delayMs: number): void
  /** Still at it: do not deliver it to another. */
  working(): void
}

export interface WorkQueue {
  /** Waits a while for a wake-up; undefined when there was none. @throws when the queue cannot be reached */
  next(signal: AbortSignal): Promise<Wakeup | undefined>
}

export interface WorkLoopOptions {
  readonly queue: WorkQueue
  /** @param begun to be called when it has what it needs to send, if it comes to that */
  readonly handle: (ref: ChunkRef, begun: () => void) => Promise<Settled>
  readonly renew: (ref: ChunkRef) => Promise<void>
  /** @returns whether the chunk was put aside, so that it need not come again. */
  readonly failed: (ref: ChunkRef, error: unknown) => Promise<boolean>
  readonly renewEveryMs: number
  readonly handlers: number
  /** What this process is at, over all its loops. */
  readonly active: Set<string>
  /** No wake-up is taken before: one that would only wait here is left for another worker. @returns `begun` */
  readonly letIn: (signal: AbortSignal) => Promise<() => void>
  readonly stopping: AbortSignal
  readonly onError: (error: unknown, during: 'waiting' | 'sending' | 'renewing', ref?: ChunkRef) => void
}

/** Beyond this a chunk is not kept waiting in the queue: the sweeper publishes it again when it is due. */
const LONGEST_NAK_MS = 30_000
const BUSY_MS = 5_000
/** Few, so that idle workers stand in line by turns and share what comes. */
const PULLS = 2

/** Resolves when every handler has finished what it had begun. */
export async function workLoop(options: WorkLoopOptions): Promise<void> {
  const pulls = new Slots(PULLS, 1)
  await Promise.all(Array.from({ length: options.handlers }, () => handler(options, pulls)))
}

async function handler(options: WorkLoopOptions, pulls: Slots): Promise<void> {
  const { stopping, onError } = options
  let failures = 0
  while (!stopping.aborted) {
    const begun = await options.letIn(stopping)
    try {
      const wakeup = await pullOne(options, pulls)
      failures = 0
      if (wakeup !== undefined) await handleOnce(wakeup, begun, options)
    } catch (error) {
      begun()
      failures += 1
      onError(error, 'waiting')
      await sleep(reconnectMs(failures, Math.random()), undefined, { signal: stopping }).catch(
        () => undefined,
      )
    } finally {
      begun()
    }
  }
}

async function pullOne(options: WorkLoopOptions, pulls: Slots): Promise<Wakeup | undefined> {
  const pull = await pulls.take(1, options.stopping)
  try {
    return pull === 0 ? undefined : await options.queue.next(options.stopping)
  } finally {
    pulls.giveBack(pull)
  }
}

/** The same chunk is never worked on twice at once by one process: leases tell workers apart, not handlers. */
async function handleOnce(wakeup: Wakeup, begun: () => void, options: WorkLoopOptions): Promise<void> {
  const { active } = options
  const key = `${wakeup.ref.batchId}:${wakeup.ref.chunk}`
  if (options.stopping.aborted || active.has(key)) {
    wakeup.later(options.stopping.aborted ? 0 : BUSY_MS)
    return
  }
  active.add(key)
  try {
    await handleWakeup(wakeup, begun, options)
  } finally {
    active.delete(key)
  }
}

async function handleWakeup(wakeup: Wakeup, begun: () => void, options: WorkLoopOptions): Promise<void> {
  const { ref } = wakeup
  let isRenewing = false
  const heartbeat = setInterval(() => {
    wakeup.working()
    // One that waits renews for as long as the next would.
    if (isRenewing) return
    isRenewing = true
    options
      .renew(ref)
      .catch((error: unknown) => {
        options.onError(error, 'renewing', ref)
      })
      .finally(() => {
        isRenewing = false
      })
  }, options.renewEveryMs)
  try {
    const settled = await options.handle(ref, begun)
    if (settled.done || settled.againMs > LONGEST_NAK_MS) await wakeup.acknowledge()
    else wakeup.later(settled.againMs)
  } catch (error) {
    options.onError(error, 'sending', ref)
    const isDead = await options.failed(ref, error).catch(() => false)
    if (isDead) await wakeup.acknowledge()
    else wakeup.later(BUSY_MS)
  } finally {
    clearInterval(heartbeat)
  }
}
