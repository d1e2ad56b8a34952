/** The express lane: small and urgent batches are taken straight from PostgreSQL, past what waits in the queue. */
import type { ChunkRef } from '../sending/ports.ts'
import type { Priority } from '../domain/priority.ts'
import type { Queryable } from './database.ts'

/** Recipients per chunk: enough to claim in groups, few enough to share a batch between workers. */
export const CHUNK_SIZE = 200

/** What the largest batch has that is urgent and small: no other one has less. */
export const URGENT_RANK = CHUNK_SIZE

/** What the largest batch has that is small, however urgent. */
export const SMALL_RANK = 2 * CHUNK_SIZE

/** What is larger would make the lane long: it is looked through by everybody who takes of it. */
export const LARGEST_EXPRESS = 50_000

/**
 * The order in the lane: urgent ones before others of their size, few recipients before many.
 * @returns undefined for a large batch that is not urgent, and for a very large one: it has no place there.
 */
export function expressRank(recipients: number, priority: Priority): number | undefined {
  if (recipients > LARGEST_EXPRESS) return undefined
  if (priority === 'transactional') return recipients
  return recipients <= CHUNK_SIZE ? CHUNK_SIZE + recipients : undefined
}

/** How many of those that were published are looked through, the oldest first. */
const LOOKED_THROUGH = 64

/**
 * Takes the first chunk of the lane that nobody has begun, or that is due again, whether a wake-up of it is in the queue
 * or not: that one finds it taken. If we do not live to begin it, it is due when its lease would end.
 * @param most of the rank; any when left out
 */
export async function takeExpress(
  database: Queryable,
  leaseMs: number,
  most?: number,
): Promise<ChunkRef | undefined> {
  const [row] = await database.query<{ batch_id: string; number: number }>(
    `WITH candidate AS MATERIALIZED (
       (SELECT batch_id, number FROM chunk WHERE express IS NOT NULL AND NOT done AND due_at <= now())
       UNION ALL
       (SELECT batch_id, number FROM chunk WHERE express IS NOT NULL AND NOT done AND published_at IS NOT NULL
        ORDER BY published_at LIMIT ${LOOKED_THROUGH})),
     taken AS MATERIALIZED (
       SELECT chunk.batch_id, chunk.number FROM chunk JOIN candidate USING (batch_id, number)
       WHERE NOT done AND dead_at IS NULL AND (due_at <= now() OR published_at IS NOT NULL)
         AND ($2::int IS NULL OR express <= $2)
       ORDER BY express, due_at LIMIT 1 FOR UPDATE OF chunk SKIP LOCKED)
     UPDATE chunk SET published_at = NULL, due_at = clock_timestamp() + make_interval(secs => $1)
     FROM taken WHERE chunk.batch_id = taken.batch_id AND chunk.number = taken.number
     RETURNING chunk.batch_id, chunk.number`,
    [leaseMs / 1_000, most],
  )
  return row && { batchId: row.batch_id, chunk: row.number }
}
