/** A worker's life: wake-up → chunk → acknowledgement, several at a time, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChunkRef, Settled } from './ports.ts'
import { reconnectMs } from '../domain/backoff.ts'

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
  readonly handle: (ref: ChunkRef) => Promise<Settled>
  readonly renew: (ref: ChunkRef) => Promise<void>
  readonly renewEveryMs: number
  readonly handlers: number
  readonly stopping: AbortSignal
  readonly onError: (error: unknown, during: 'waiting' | 'sending' | 'renewing', ref?: ChunkRef) => void
}

/** Beyond this a chunk is not kept waiting in the queue: the sweeper publishes it again when it is due. */
const LONGEST_NAK_MS = 30_000
const BUSY_MS = 5_000

/** Resolves when every handler has finished what it had begun. */
export async function workLoop(options: WorkLoopOptions): Promise<void> {
  const active = new Set<string>()
  await Promise.all(Array.from({ length: options.handlers }, () => handler(options, active)))
}

async function handler(options: WorkLoopOptions, active: Set<string>): Promise<void> {
  const { queue, stopping, onError } = options
  let failures = 0
  while (!stopping.aborted) {
    try {
      const wakeup = await queue.next(stopping)
      failures = 0
      if (wakeup !== undefined) await handleOnce(wakeup, options, active)
    } catch (error) {
      failures += 1
      onError(error, 'waiting')
      await sleep(reconnectMs(failures, Math.random()), undefined, { signal: stopping }).catch(
        () => undefined,
      )
    }
  }
}

/** The same chunk is never worked on twice at once by one process: leases tell workers apart, not handlers. */
async function handleOnce(wakeup: Wakeup, options: WorkLoopOptions, active: Set<string>): Promise<void> {
  const key = `${wakeup.ref.batchId}:${wakeup.ref.chunk}`
  if (options.stopping.aborted || active.has(key)) {
    wakeup.later(options.stopping.aborted ? 0 : BUSY_MS)
    return
  }
  active.add(key)
  try {
    await handleWakeup(wakeup, options)
  } finally {
    active.delete(key)
  }
}

async function handleWakeup(wakeup: Wakeup, options: WorkLoopOptions): Promise<void> {
  const { ref } = wakeup
  const heartbeat = setInterval(() => {
    wakeup.working()
    options.renew(ref).catch((error: unknown) => {
      options.onError(error, 'renewing', ref)
    })
  }, options.renewEveryMs)
  try {
    const settled = await options.handle(ref)
    if (settled.done || settled.againMs > LONGEST_NAK_MS) await wakeup.acknowledge()
    else wakeup.later(settled.againMs)
  } catch (error) {
    options.onError(error, 'sending', ref)
    wakeup.later(BUSY_MS)
  } finally {
    clearInterval(heartbeat)
  }
}
