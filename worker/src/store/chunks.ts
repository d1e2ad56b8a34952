/** The outbox of wake-ups: which stretches of recipients are due, published, begun and done. */
import type { Priority } from '../domain/priority.ts'
import type { Queryable } from './database.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type { DueChunk, WakeupLedger } from '../sending/sweep.ts'
import { CHUNK_SIZE, expressRank } from './express.ts'
import { IS_FILLED } from './filling.ts'
import { foldTallies, HAS_FAILURES } from './tallies.ts'

/**
 * How long a published chunk may wait in the queue before it is published again: twice as long each time, since it is
 * not lost but waits, while a provider takes nothing.
 */
const PATIENCE_SECONDS = 300
const MOST_PATIENCE_SECONDS = 3_600
const RETURN_SECONDS = 2
/** So many wake-ups of one batch wait in the queue at most: the next batch is never far behind. */
export const WINDOW = 4
/** Among so many chunks that are due, the oldest, batches take turns. */
const AMONG = 10_000
/** For so long the express lane has its chunks to itself: what it does not come to, the queue is given too. */
const EXPRESS_FIRST = `interval '2 seconds'`

/** One row for each chunk of a batch that has all its recipients, due at once. */
export async function insertChunks(
  transaction: Queryable,
  batchId: string,
  recipients: number,
  priority: Priority,
): Promise<void> {
  await transaction.query(
    `INSERT INTO chunk (batch_id, number, first_seq, last_seq, express)
     SELECT $1, number, number * $2, LEAST((number + 1) * $2, $3) - 1, $4::int
     FROM generate_series(0, ($3 - 1) / $2) AS number WHERE $3 > 0`,
    [batchId, CHUNK_SIZE, recipients, expressRank(recipients, priority)],
  )
}

/**
 * For what was added since to a batch that is sent while it is filled, of which nobody knows how large it will be: it has
 * no place in the express lane. Of a paused one they are due when it is resumed. The batch is locked by the caller.
 * @param recipients how many it has by now
 */
export async function appendChunks(
  transaction: Queryable,
  batchId: string,
  recipients: number,
  isPaused: boolean,
): Promise<void> {
  await transaction.query(
    `WITH present AS (
       SELECT number + 1 AS number, last_seq + 1 AS seq FROM chunk WHERE batch_id = $1 ORDER BY chunk.number DESC LIMIT 1),
     from_here AS (
       SELECT COALESCE((SELECT number FROM present), 0) AS number, COALESCE((SELECT seq FROM present), 0) AS seq)
     INSERT INTO chunk (batch_id, number, first_seq, last_seq, due_at)
     SELECT $1, number + turn, seq + turn * $2, LEAST(seq + (turn + 1) * $2, $3) - 1,
       CASE WHEN $4 THEN 'infinity' ELSE now() END
     FROM from_here, generate_series(0, ($3 - seq) / $2) AS turn WHERE seq + turn * $2 < $3`,
    [batchId, CHUNK_SIZE, recipients, isPaused],
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

interface Due extends Record<string, unknown> {
  readonly batch_id: string
  readonly number: number
  readonly generation: number
  /** Its place among what waits of its batch. */
  readonly turn: number
  /** How many chunks of its batch are due. */
  readonly remaining: number
}

/**
 * Batches take turns, those of which least is left before the others, and none has more than `WINDOW` in the queue. Each
 * that is next is locked through its key: joined, all that are due might be compared with all of them.
 */
export function wakeupLedger(database: Queryable): WakeupLedger {
  return {
    takeDue: async (limit) => {
      const rows = await database.query<Due>(
        `WITH waiting AS MATERIALIZED (
           SELECT batch_id, count(*) AS count FROM chunk
           WHERE published_at IS NOT NULL AND NOT done AND dead_at IS NULL AND due_at > now() GROUP BY batch_id),
         ready AS MATERIALIZED (
           SELECT batch_id, number FROM chunk WHERE NOT done AND dead_at IS NULL
             AND due_at <= now() - CASE WHEN express IS NULL THEN interval '0' ELSE ${EXPRESS_FIRST} END
           ORDER BY due_at LIMIT ${AMONG}),
         batches AS MATERIALIZED (
           SELECT batch_id, count(*) AS remaining, (array_agg(number ORDER BY number))[1:${WINDOW}] AS first
           FROM ready GROUP BY batch_id),
         next AS MATERIALIZED (
           SELECT batch_id, number, remaining, COALESCE(count, 0) + place AS turn
           FROM batches LEFT JOIN waiting USING (batch_id) CROSS JOIN unnest(first) WITH ORDINALITY AS each (number, place)
           WHERE COALESCE(count, 0) + place <= ${WINDOW} ORDER BY turn, remaining),
         due AS MATERIALIZED (
           SELECT next.* FROM next CROSS JOIN LATERAL (
             SELECT FROM chunk WHERE chunk.batch_id = next.batch_id AND chunk.number = next.number
               AND NOT done AND dead_at IS NULL AND due_at <= now() FOR UPDATE SKIP LOCKED) AS free
           LIMIT $1)
         UPDATE chunk SET generation = generation + 1, published_at = clock_timestamp(),
           due_at = now() + make_interval(secs => LEAST($3,
             GREATEST($2, COALESCE(2 * extract(epoch FROM now() - published_at)::float8, 0))))
         FROM due WHERE chunk.batch_id = due.batch_id AND chunk.number = due.number
         RETURNING chunk.batch_id, chunk.number, chunk.generation, due.turn::int, due.remaining::int`,
        [limit, PATIENCE_SECONDS, MOST_PATIENCE_SECONDS],
      )
      return rows
        .toSorted((a, b) => a.turn - b.turn || a.remaining - b.remaining)
        .map(({ batch_id: batchId, number: chunk, generation }) => ({ batchId, chunk, generation }))
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
        `UPDATE batch SET ${COMPLETION} WHERE ${UNFINISHED} AND updated_at < now() - interval '10 seconds'
           AND NOT EXISTS (SELECT FROM chunk WHERE chunk.batch_id = batch.id AND NOT done) RETURNING id`,
      )
      return rows.length
    },
    foldTallies: () => foldTallies(database),
  }
}

/**
 * For rows of `batch`: it has begun and not been told finished; of a cancelled one something may be under way. One that
 * is being filled has more to come.
 */
export const UNFINISHED = `(batch.state = 'running' AND NOT ${IS_FILLED} OR batch.state = 'cancelled' AND batch.finished_at IS NULL)`

/** What a batch becomes when nothing of it is left to send, and nothing is under way. */
export const COMPLETION = `state = CASE WHEN batch.state = 'cancelled' THEN 'cancelled'
    WHEN batch.error_class IS NOT NULL THEN 'failed'
    WHEN ${HAS_FAILURES} THEN 'completed_with_failures' ELSE 'completed' END,
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
