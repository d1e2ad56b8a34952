/** What becomes of recipients that still wait when their batch has ended: it was cancelled, or failed as a whole. */
import type { Queryable } from './database.ts'
import { unlessInDoubt } from './doubt.ts'

/** For rows of `recipient` beside their row of `batch`. */
export const ENDED = `state = ${unlessInDoubt("CASE batch.state WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END")},
  error_class = COALESCE(batch.error_class, recipient.error_class),
  error_code = COALESCE(batch.error_code, recipient.error_code), updated_at = now()`

/**
 * To be called when the end of the batch is there for all to see: as long as it is not, recipients are claimed under our
 * hands, and the results of those and this would wait for each other's rows. Whoever holds a row now settles it later,
 * and so does the end of each chunk when this is never carried out.
 */
export async function endWaiting(database: Queryable, batchId: string): Promise<void> {
  await database.query(
    `WITH waiting AS MATERIALIZED (
       SELECT seq FROM recipient WHERE batch_id = $1 AND state IN ('pending', 'deferred')
         AND EXISTS (SELECT FROM batch WHERE id = $1 AND state IN ('cancelled', 'failed'))
       FOR NO KEY UPDATE SKIP LOCKED)
     UPDATE recipient SET ${ENDED} FROM batch, waiting
     WHERE batch.id = $1 AND recipient.batch_id = $1 AND recipient.seq = waiting.seq`,
    [batchId],
  )
}
