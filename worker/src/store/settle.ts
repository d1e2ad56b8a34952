/** What comes after the work on a chunk: it is done, and perhaps its batch with it, or is looked at again. */
import type { ChunkRef, Settled } from '../sending/ports.ts'
import type { BatchState } from '../domain/batchState.ts'
import type { Database } from './database.ts'
import { COMPLETION, parkChunk, UNFINISHED } from './chunks.ts'
import { ENDED, ENDING } from './endings.ts'

const GRACE_MS = 10_000
const SOONEST_MS = 100

interface Remainder {
  readonly state: BatchState
  /** What fences the end that is written after this look: a retry changes both. */
  readonly retries: number
  readonly generation: number
  readonly open: number
  readonly dead: boolean
  readonly parked: boolean
  readonly next_ms: number | null
  /** When the first lease ends. */
  readonly lease_ms: number | null
}

/** Done when no recipient of the chunk goes on; the last chunk to be done completes the batch. */
export async function settle(database: Database, { batchId, chunk }: ChunkRef): Promise<Settled> {
  const [row] = await database.query<Remainder>(
    `WITH closed AS (
       UPDATE recipient SET ${ENDED}
       FROM batch, chunk
       WHERE batch.id = $1 AND ${ENDING} AND chunk.batch_id = $1 AND chunk.number = $2
         AND recipient.batch_id = $1 AND recipient.seq BETWEEN chunk.first_seq AND chunk.last_seq
         AND recipient.state IN ('pending', 'deferred') RETURNING recipient.seq)
     SELECT batch.state, batch.retries, chunk.generation, chunk.dead_at IS NOT NULL AS dead,
       chunk.due_at = 'infinity' AS parked, count(recipient.seq)::int AS open,
       extract(epoch FROM min(CASE recipient.state WHEN 'sending' THEN lease_until ELSE recipient.due_at END)
         - now())::float8 * 1000 AS next_ms,
       extract(epoch FROM min(lease_until) FILTER (WHERE recipient.state = 'sending') - now())::float8 * 1000 AS lease_ms
     FROM batch JOIN chunk ON chunk.batch_id = batch.id AND chunk.number = $2
     LEFT JOIN recipient ON recipient.batch_id = $1 AND recipient.seq BETWEEN chunk.first_seq AND chunk.last_seq
       AND recipient.state IN ('pending', 'deferred', 'sending') AND recipient.seq NOT IN (SELECT seq FROM closed)
     WHERE batch.id = $1 GROUP BY batch.state, batch.retries, chunk.generation, chunk.dead_at, chunk.due_at`,
    [batchId, chunk],
  )
  if (row === undefined) return { done: true }
  if (row.open === 0) {
    const ended = await database.query(
      'UPDATE chunk SET done = true WHERE batch_id = $1 AND number = $2 AND generation = $3 RETURNING number',
      [batchId, chunk, row.generation],
    )
    if (ended.length === 0) return { done: false, againMs: SOONEST_MS }
    await completeBatch(database, batchId, row.retries)
    return { done: true }
  }
  // Nobody looks again before it is replayed.
  if (row.dead) return { done: true }
  const isPaused = row.state === 'paused'
  if (isPaused && row.lease_ms === null) return park(database, { batchId, chunk }, row)
  const againMs = Math.ceil(Math.max(SOONEST_MS, (isPaused ? row.lease_ms : row.next_ms) ?? 0))
  await database.query(
    `UPDATE chunk SET due_at = now() + make_interval(secs => $3), failures = 0
     WHERE batch_id = $1 AND number = $2 AND generation = $4 AND NOT done`,
    [batchId, chunk, (againMs + GRACE_MS) / 1_000, row.generation],
  )
  return { done: false, againMs }
}

/** Done for now: nobody looks again before the batch is resumed. */
async function park(database: Database, ref: ChunkRef, { parked, generation }: Remainder): Promise<Settled> {
  if (parked || (await parkChunk(database, ref, generation))) return { done: true }
  return { done: false, againMs: SOONEST_MS }
}

/** The batch is locked before its chunks are looked at: of two that end at once, or of one that is reopened, all is seen. */
async function completeBatch(database: Database, batchId: string, retries: number): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query('SELECT FROM batch WHERE id = $1 FOR UPDATE', [batchId])
    await transaction.query(
      `UPDATE batch SET ${COMPLETION} WHERE id = $1 AND retries = $2
         AND (${UNFINISHED} OR state = 'completed_with_failures')
         AND NOT EXISTS (SELECT FROM chunk WHERE batch_id = $1 AND NOT done)`,
      [batchId, retries],
    )
  })
}
