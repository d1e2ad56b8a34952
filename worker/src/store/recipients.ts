/** Recipients of a batch as a user reads them: in order, a page at a time. */
import type { Recipient, RecipientPage } from '../http/ports.ts'
import type { Queryable } from './database.ts'

export function listRecipients(
  database: Queryable,
  batchId: string,
  { state, afterSeq, limit }: RecipientPage,
): Promise<readonly Recipient[]> {
  return database.query<Recipient & Record<string, unknown>>(
    `SELECT seq, address, state, attempt AS attempts, provider_message_id AS "providerMessageId",
       error_class AS "errorClass", error_code AS "errorCode", delivery, delivery_at AS "deliveryAt",
       updated_at AS "updatedAt"
     FROM recipient WHERE batch_id = $1 AND seq > $2 AND ($3::text IS NULL OR state = $3) ORDER BY seq LIMIT $4`,
    [batchId, afterSeq, state, limit],
  )
}
