/** Messages of providers, each taken once: many in one statement, which is what the answer 200 waits for. */
import type { Incoming, WebhookStore } from '../webhooks/ports.ts'
import type { Queryable } from './database.ts'

/** Among so many of the newest messages, so that nobody looks through two days of another provider's. */
const LOOKED_THROUGH = 1_000

/** When the newest genuine message came, as long as it is remembered. */
export async function lastWebhookAt(database: Queryable, provider: string): Promise<Date | undefined> {
  const [row] = await database.query<{ at: Date | null }>(
    `SELECT max(received_at) AS at FROM (
       SELECT provider, received_at FROM webhook_seen ORDER BY received_at DESC LIMIT ${LOOKED_THROUGH}) AS newest
     WHERE provider = $1`,
    [provider],
  )
  return row?.at ?? undefined
}

export function webhookStore(database: Queryable): WebhookStore {
  return {
    take: async (messages) => {
      const column = <Value>(of: (message: Incoming) => Value): Value[] => messages.map(of)
      // Sorted, so that two workers that are handed the same messages wait for each other in one direction.
      const [row] = await database.query<{ taken: number }>(
        `WITH given AS (
           SELECT DISTINCT ON (provider, message_id) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
               $5::timestamptz[], $6::text[], $7::uuid[], $8::int[], $9::text[], $10::text[], $11::text[])
             AS given (provider, message_id, type, fact, happened_at, provider_message_id, batch_id, seq,
               error_code, suppress, cause)
           ORDER BY provider, message_id),
         new AS (
           INSERT INTO webhook_seen (provider, message_id, type)
           SELECT provider, message_id, type FROM given ORDER BY provider, message_id
           ON CONFLICT DO NOTHING RETURNING provider, message_id),
         kept AS (
           INSERT INTO webhook_inbox (provider, fact, happened_at, provider_message_id, batch_id, seq, error_code,
             suppress, cause)
           SELECT provider, fact, happened_at, provider_message_id, batch_id, seq, error_code,
             ARRAY(SELECT jsonb_array_elements_text(suppress::jsonb)), cause
           FROM given JOIN new USING (provider, message_id) WHERE fact IS NOT NULL)
         SELECT count(*)::int AS taken FROM new`,
        [
          column(({ provider }) => provider),
          column(({ messageId }) => messageId),
          column(({ type }) => type),
          column(({ event }) => event?.fact),
          column(({ event }) => event?.at),
          column(({ event }) => event?.providerMessageId),
          column(({ event }) => event?.recipient?.batchId),
          column(({ event }) => event?.recipient?.seq),
          column(({ event }) => event?.code),
          column(({ event }) => JSON.stringify(event?.suppress ?? [])),
          column(({ event }) => event?.cause),
        ],
      )
      return row?.taken ?? 0
    },
  }
}
