/** Batches that have ended, by what their recipients have become since: asked in a statement of its own, after those. */
import type { Queryable } from './database.ts'
import { HAS_FAILURES } from './tallies.ts'

/** Ended without failures, or with some, as is true now; one that goes on is judged at its end. */
export async function judgeAgain(transaction: Queryable, batches: readonly string[]): Promise<void> {
  await transaction.query(
    `UPDATE batch SET updated_at = now(),
       state = CASE state WHEN 'completed' THEN 'completed_with_failures' ELSE 'completed' END
     WHERE id = ANY($1::uuid[]) AND state IN ('completed', 'completed_with_failures')
       AND NOT EXISTS (SELECT FROM chunk WHERE chunk.batch_id = batch.id AND NOT done)
       AND (state = 'completed') = (${HAS_FAILURES})`,
    [[...new Set(batches)]],
  )
}
