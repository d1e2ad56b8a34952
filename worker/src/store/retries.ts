/** A finished batch runs again, for those of its failed recipients that may fare better and got no mail. */
import type { Queryable } from './database.ts'
import type { RetryFilter } from '../domain/retryFilter.ts'
import { RETRIABLE_CLASSES } from '../domain/retryClasses.ts'
import { RETRIED_FROM } from '../domain/batchState.ts'
import { MAY_HAVE_GONE } from './doubt.ts'
import { FOLDED } from './folding.ts'

/**
 * Not before the last recipient of the run before has ended. One of which a mail may have gone at any attempt stays as it
 * is. The new generation of a chunk and the batch's count of retries keep a worker that still settles the old run from
 * ending the new one.
 * @returns how many are tried again; undefined when the batch is in a state that does not allow it.
 */
export async function retryFailed(
  transaction: Queryable,
  batchId: string,
  { errorCode, addresses, force = false }: RetryFilter = {},
): Promise<number | undefined> {
  const locked = await transaction.query('SELECT FROM batch WHERE id = $1 AND state = ANY($2) FOR UPDATE', [
    batchId,
    RETRIED_FROM,
  ])
  if (locked.length === 0) return undefined
  const underWay = await transaction.query(
    `SELECT FROM recipient WHERE batch_id = $1 AND state = 'sending' LIMIT 1`,
    [batchId],
  )
  if (underWay.length > 0) return undefined
  const recipients = await transaction.query<{ seq: number }>(
    `UPDATE recipient SET state = 'pending', tries = 0, first_tried_at = NULL, due_at = now(), error_class = NULL,
       error_code = NULL, updated_at = now()
     WHERE batch_id = $1 AND state = 'failed' AND (error_class IS NULL OR error_class = ANY($2))
       AND ($3::text IS NULL OR error_code = $3) AND ($4::text[] IS NULL OR ${FOLDED('address_norm')} = ANY($4))
       AND NOT ${MAY_HAVE_GONE}
     RETURNING seq`,
    [batchId, force ? [...RETRIABLE_CLASSES, 'recipient'] : RETRIABLE_CLASSES, errorCode, addresses],
  )
  await runAgain(transaction, batchId, recipients)
  return recipients.length
}

/**
 * Makes the stretches of recipients due that have become `pending`; of a paused batch, as soon as it goes on. The batch
 * is locked by the caller.
 */
export async function runAgain(
  transaction: Queryable,
  batchId: string,
  recipients: readonly { readonly seq: number }[],
): Promise<void> {
  if (recipients.length === 0) return
  await transaction.query(
    `UPDATE chunk SET done = false, due_at = now(), published_at = NULL, generation = generation + 1
     WHERE batch_id = $1
       AND EXISTS (SELECT FROM unnest($2::int[]) AS seq WHERE seq BETWEEN first_seq AND last_seq)`,
    [batchId, recipients.map(({ seq }) => seq)],
  )
  await transaction.query(
    `UPDATE batch SET state = CASE state WHEN 'paused' THEN state ELSE 'running' END, retries = retries + 1,
       retried_at = now(), updated_at = now(), finished_at = NULL, error_class = NULL, error_code = NULL,
       pause_reason = CASE state WHEN 'paused' THEN pause_reason END
     WHERE id = $1`,
    [batchId],
  )
}
