/** Recipients as a user reads them: those of a batch in order, one with all that was tried, one address over all batches. */
import type {
  AddressPage,
  Attempt,
  DeliveryEvent,
  FoundRecipient,
  Recipient,
  RecipientPage,
  TracedRecipient,
} from '../http/ports.ts'
import type { Queryable } from './database.ts'

const COLUMNS = `recipient.seq, recipient.address, recipient.state, recipient.attempt AS attempts,
  recipient.provider_message_id AS "providerMessageId", recipient.error_class AS "errorClass",
  recipient.error_code AS "errorCode", recipient.delivery, recipient.delivery_at AS "deliveryAt",
  recipient.updated_at AS "updatedAt"`

export function listRecipients(
  database: Queryable,
  batchId: string,
  { state, delivery, errorCode, afterSeq, limit }: RecipientPage,
): Promise<readonly Recipient[]> {
  return database.query<Recipient & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM recipient WHERE batch_id = $1 AND seq > $2 AND ($3::text IS NULL OR state = $3)
       AND ($4::text IS NULL OR delivery = $4) AND ($5::text IS NULL OR error_code = $5) ORDER BY seq LIMIT $6`,
    [batchId, afterSeq, state, delivery, errorCode, limit],
  )
}

/** Of a recipient that was tried for days there are more; those that came last are told. */
const MOST_TOLD = 100

export async function findRecipient(
  database: Queryable,
  batchId: string,
  seq: number,
): Promise<TracedRecipient | undefined> {
  const [row] = await database.query<TracedRow>(
    `SELECT ${COLUMNS}, recipient.tries, CASE WHEN state = 'deferred' THEN recipient.due_at END AS "dueAt",
       ARRAY(SELECT json_build_object('attempt', attempt, 'outcome', outcome, 'provider', provider, 'stage', stage,
           'replyCode', reply_code, 'enhancedCode', enhanced_code, 'words', detail, 'errorCode', error_code,
           'providerMessageId', provider_message_id, 'startedAt', started_at, 'recordedAt', recorded_at)
         FROM attempt WHERE attempt.batch_id = $1 AND attempt.seq = $2
         ORDER BY attempt DESC, recorded_at DESC LIMIT ${MOST_TOLD}) AS tried,
       ARRAY(SELECT json_build_object('fact', fact, 'errorCode', error_code, 'at', COALESCE(happened_at, recorded_at),
           'recordedAt', recorded_at)
         FROM delivery_event WHERE delivery_event.batch_id = $1 AND delivery_event.seq = $2
         ORDER BY id DESC LIMIT ${MOST_TOLD}) AS events
     FROM recipient WHERE batch_id = $1 AND seq = $2`,
    [batchId, seq],
  )
  return row
}

type TracedRow = Omit<TracedRecipient, 'tried' | 'events'> &
  Record<string, unknown> & { readonly tried: readonly Attempt[]; readonly events: readonly DeliveryEvent[] }

/** The newest batch first. */
export function findAddress(
  database: Queryable,
  { spellings, after, limit }: AddressPage,
): Promise<readonly FoundRecipient[]> {
  return database.query<FoundRecipient & Record<string, unknown>>(
    `SELECT ${COLUMNS}, batch.id AS "batchId", batch.name AS "batchName", batch.state AS "batchState",
       batch.created_at AS "createdAt", (extract(epoch FROM batch.created_at) * 1000000)::bigint::text AS "createdMicros"
     FROM recipient JOIN batch ON batch.id = recipient.batch_id
     WHERE recipient.address_norm = ANY($1) AND ($2::bigint IS NULL OR (batch.created_at, batch.id) <
       (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3::uuid))
     ORDER BY batch.created_at DESC, batch.id DESC LIMIT $4`,
    [spellings, after?.createdMicros, after?.id, limit],
  )
}
