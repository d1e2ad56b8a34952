/** The outbox of wake-ups: which stretches of recipients are due, published, begun and done. */
import type { Queryable } from './database.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type { DueChunk, WakeupLedger } from '../sending/sweep.ts'

/** Recipients per wake-up: enough to claim in groups, few enough to share a batch between workers. */
export const CHUNK_SIZE = 200

/**
 * How long a published chunk may wait in the queue before it is published again: twice as long each time, since it is
 * not lost but waits, while a provider takes nothing.
 */
const PATIENCE_SECONDS = 300
const MOST_PATIENCE_SECONDS = 3_600
const RETURN_SECONDS = 2

/** One row for each chunk of a new batch, due at once. */
export async function insertChunks(
  transaction: Queryable,
  batchId: string,
  recipients: number,
): Promise<void> {
  await transaction.query(
    `INSERT INTO chunk (batch_id, number, first_seq, last_seq)
     SELECT $1, number, number * $2, LEAST((number + 1) * $2, $3) - 1
     FROM generate_series(0, ($3 - 1) / $2) AS number`,
    [batchId, CHUNK_SIZE, recipients],
  )
}

/**
 * Nobody looks after the chunks of a paused batch before it is resumed, except those that somebody is at: their end is
 * settled. What waits in the queue is found parked there.
 */
export async function parkChunks(transaction: Queryable, batchId: string): Promise<void> {
  await transaction.query(
    `UPDATE chunk SET due_at = 'infinity', published_at = NULL
     WHERE batch_id = $1 AND NOT done AND dead_at IS NULL AND (published_at IS NOT NULL OR due_at <= now())`,
    [batchId],
  )
}

/**
 * The batch is locked before its chunk is written: whoever resumes it does so before, and then nothing is parked, or
 * afterwards, and then makes it due.
 * @returns whether it is parked.
 */
export async function parkChunk(
  database: Queryable,
  { batchId, chunk }: ChunkRef,
  generation: number,
): Promise<boolean> {
  const rows = await database.query(
    `WITH paused AS MATERIALIZED (SELECT FROM batch WHERE id = $1 AND state = 'paused' FOR SHARE)
     UPDATE chunk SET due_at = 'infinity', published_at = NULL, failures = 0
     WHERE batch_id = $1 AND number = $2 AND generation = $3 AND NOT done AND EXISTS (SELECT FROM paused)
     RETURNING number`,
    [batchId, chunk, generation],
  )
  return rows.length > 0
}

export function wakeupLedger(database: Queryable): WakeupLedger {
  return {
    takeDue: async (limit) => {
      const rows = await database.query<{ batch_id: string; number: number; generation: number }>(
        `WITH due AS MATERIALIZED (
           SELECT batch_id, number FROM chunk WHERE NOT done AND dead_at IS NULL AND due_at <= now()
           ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         UPDATE chunk SET generation = generation + 1, published_at = clock_timestamp(),
           due_at = now() + make_interval(secs => LEAST($3,
             GREATEST($2, COALESCE(2 * extract(epoch FROM now() - published_at)::float8, 0))))
         FROM due WHERE chunk.batch_id = due.batch_id AND chunk.number = due.number
         RETURNING chunk.batch_id, chunk.number, chunk.generation`,
        [limit, PATIENCE_SECONDS, MOST_PATIENCE_SECONDS],
      )
      return rows
        .map(({ batch_id: batchId, number: chunk, generation }) => ({ batchId, chunk, generation }))
        .sort((a, b) => (a.batchId === b.batchId ? a.chunk - b.chunk : 0))
    },
    returnDue: (chunks) => returnDue(database, chunks),
    now: async () => {
      const [row] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now')
      if (row === undefined) throw new Error('the database does not tell the time')
      return row.now
    },
    dueAgain: async (publishedBefore) => {
      const rows = await database.query(
        `UPDATE chunk SET due_at = now(), published_at = NULL
         WHERE NOT done AND dead_at IS NULL AND published_at < $1 RETURNING number`,
        [publishedBefore],
      )
      return rows.length
    },
    completeOrphans: async () => {
      const rows = await database.query(
        `UPDATE batch SET ${COMPLETION} WHERE state = 'running' AND updated_at < now() - interval '10 seconds'
           AND NOT EXISTS (SELECT FROM chunk WHERE chunk.batch_id = batch.id AND NOT done) RETURNING id`,
      )
      return rows.length
    },
  }
}

/** What a batch becomes when nothing of it is left to send. */
export const COMPLETION = `state = CASE
    WHEN EXISTS (SELECT FROM recipient WHERE batch_id = batch.id AND state IN ('failed', 'uncertain'))
    THEN 'completed_with_failures' ELSE 'completed' END,
  updated_at = now(), finished_at = now()`

async function returnDue(database: Queryable, chunks: readonly DueChunk[]): Promise<void> {
  await database.query(
    `UPDATE chunk SET due_at = now() + make_interval(secs => $4), published_at = NULL
     FROM unnest($1::uuid[], $2::int[], $3::int[]) AS returned (batch_id, number, generation)
     WHERE chunk.batch_id = returned.batch_id AND chunk.number = returned.number
       AND chunk.generation = returned.generation AND chunk.published_at IS NOT NULL`,
    [
      chunks.map(({ batchId }) => batchId),
      chunks.map(({ chunk }) => chunk),
      chunks.map(({ generation }) => generation),
      RETURN_SECONDS,
    ],
  )
}
