/** The safety net under the queue: what PostgreSQL says is due and nobody is awake for is published again. */
import type { ChunkRef } from './ports.ts'

/** A wake-up with the number of times its chunk was published: a new number passes the queue's duplicate window. */
export interface DueChunk extends ChunkRef {
  readonly generation: number
}

export interface WakeupLedger {
  /** Takes chunks that are due and marks them published; due again if no worker begins them. */
  takeDue(limit: number): Promise<readonly DueChunk[]>
  /** They could not be published: due again soon. */
  returnDue(chunks: readonly DueChunk[]): Promise<void>
  /** The database's clock. */
  now(): Promise<Date>
  /** Makes chunks due that were published before an instant and never begun. */
  dueAgain(publishedBefore: Date): Promise<number>
  /** Ends batches whose last chunk was done by a worker that did not live to say so. */
  completeOrphans(): Promise<number>
  /** Sums up how many recipients are in each state. */
  foldTallies(): Promise<number>
}

export interface Published {
  /** Those that the queue did not take. */
  readonly refused: readonly DueChunk[]
  /** Why the first of them was not. */
  readonly error?: unknown
}

export interface WakeupPublisher {
  isConnected(): boolean
  publish(chunks: readonly DueChunk[]): Promise<Published>
  /** Messages waiting and in flight; undefined when the queue does not say. */
  depth(): Promise<number | undefined>
}

const AT_ONCE = 500
/** A message published by another worker may be on its way for as long. */
const ON_ITS_WAY_MS = 5_000

/**
 * @param told of each group, whether all of it was taken
 * @returns how many were published.
 */
export async function publishDue(
  ledger: WakeupLedger,
  publisher: WakeupPublisher,
  told: (published: Published) => void,
): Promise<number> {
  let published = 0
  while (publisher.isConnected()) {
    const due = await ledger.takeDue(AT_ONCE)
    if (due.length === 0) break
    const answer = await publisher.publish(due)
    const { refused } = answer
    told(answer)
    published += due.length - refused.length
    if (refused.length > 0) {
      await ledger.returnDue(refused)
      break
    }
    // Fewer than were asked for are all that may be published now.
    if (due.length < AT_ONCE) break
  }
  return published
}

/** An empty queue while chunks were published and not begun: it lost them. @returns how many are due again. */
export async function recoverLost(ledger: WakeupLedger, publisher: WakeupPublisher): Promise<number> {
  if (!publisher.isConnected()) return 0
  const now = await ledger.now()
  const depth = await publisher.depth()
  return depth === 0 ? ledger.dueAgain(new Date(now.getTime() - ON_ITS_WAY_MS)) : 0
}
