/** What becomes of a batch that ends as a whole, cancelled or failed, and of its recipients that still wait. */
import type { Work } from '../sending/ports.ts'
import type { Database, Queryable } from './database.ts'
import { COMPLETION, UNFINISHED } from './chunks.ts'
import { unlessInDoubt } from './doubt.ts'

/**
 * For rows of `batch`: nobody of it is claimed any more. One whose sender was refused goes on as `running` with its
 * `error_class` until nothing of it is under way, and is `failed` then.
 */
export const ENDING = `(batch.state IN ('cancelled', 'failed')
  OR batch.state = 'running' AND batch.error_class IS NOT NULL)`

/** For rows of `recipient` beside their row of `batch`. */
export const ENDED = `state = ${unlessInDoubt("CASE batch.state WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END")},
  error_class = COALESCE(batch.error_class, recipient.error_class),
  error_code = COALESCE(batch.error_code, recipient.error_code), updated_at = now()`

/** Of the run that `work` is of, and of no later one; a paused batch is looked after again, so that it can end. */
export async function failBatch(
  database: Database,
  { batchId, run }: Pick<Work, 'batchId' | 'run'>,
  retryClass: string,
  code: string,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const failing = await transaction.query(
      `UPDATE batch SET state = 'running', error_class = $2, error_code = $3, filling = false, updated_at = now()
       WHERE id = $1 AND state IN ('accepted', 'running', 'paused') AND retries = $4 AND error_class IS NULL
       RETURNING id`,
      [batchId, retryClass, code, run],
    )
    if (failing.length === 0) return
    await transaction.query(
      `UPDATE chunk SET due_at = now() WHERE batch_id = $1 AND NOT done AND due_at = 'infinity'`,
      [batchId],
    )
  })
  await endWaiting(database, batchId)
}

/** Of a million, one statement would take longer than a statement is waited for. */
const AT_ONCE = 50_000

/**
 * To be called when the end of the batch is there for all to see: as long as it is not, recipients are claimed under our
 * hands, and the results of those and this would wait for each other's rows. Whoever holds a row now settles it later,
 * and so does the end of each chunk when this is never carried out.
 */
export async function endWaiting(database: Database, batchId: string): Promise<void> {
  const [batch] = await database.query<{ recipients: number }>('SELECT recipients FROM batch WHERE id = $1', [
    batchId,
  ])
  for (let from = 0; from < (batch?.recipients ?? 0); from += AT_ONCE)
    await database.query(
      `WITH waiting AS MATERIALIZED (
         SELECT seq FROM recipient WHERE batch_id = $1 AND seq >= $2 AND seq < $3 AND state IN ('pending', 'deferred')
           AND EXISTS (SELECT FROM batch WHERE id = $1 AND ${ENDING})
         FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE recipient SET ${ENDED} FROM batch, waiting
       WHERE batch.id = $1 AND recipient.batch_id = $1 AND recipient.seq = waiting.seq`,
      [batchId, from, from + AT_ONCE],
    )
  await database.transaction(async (transaction) => {
    await transaction.query('SELECT FROM batch WHERE id = $1 FOR UPDATE', [batchId])
    await endChunks(transaction, batchId)
  })
}

/** Those of which nobody is under way; the batch has ended with the last of them. It is locked by the caller. */
async function endChunks(transaction: Queryable, batchId: string): Promise<void> {
  await transaction.query(
    `UPDATE chunk SET done = true WHERE batch_id = $1 AND NOT done
       AND EXISTS (SELECT FROM batch WHERE id = $1 AND ${ENDING})
       AND NOT EXISTS (SELECT FROM recipient WHERE recipient.batch_id = $1
         AND recipient.seq BETWEEN first_seq AND last_seq AND recipient.state IN ('pending', 'deferred', 'sending'))`,
    [batchId],
  )
  // Nothing of it is sent any more: what was put aside is only looked at, so that it can end.
  await transaction.query(
    `UPDATE chunk SET dead_at = NULL, failures = 0, due_at = now(), published_at = NULL
     WHERE batch_id = $1 AND NOT done AND dead_at IS NOT NULL AND EXISTS (SELECT FROM batch WHERE id = $1 AND ${ENDING})`,
    [batchId],
  )
  await transaction.query(
    `UPDATE batch SET ${COMPLETION} WHERE id = $1 AND ${ENDING} AND ${UNFINISHED}
       AND NOT EXISTS (SELECT FROM chunk WHERE batch_id = $1 AND NOT done)`,
    [batchId],
  )
}
