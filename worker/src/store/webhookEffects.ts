/** What the tidings of providers change: recipients, attempts, events, the list of suppressed addresses. */
import type { SuppressionCause } from '../domain/delivery.ts'
import type { Applied, WebhookEffects } from '../webhooks/ports.ts'
import type { Database, Queryable } from './database.ts'
import { completeHealed } from './completion.ts'
import { parseSender } from '../domain/address.ts'
import { DELIVERY_FACTS } from '../domain/delivery.ts'
import { suppress } from './suppressions.ts'

export interface EffectOptions {
  /** Whether events are kept for ClickHouse. */
  readonly events: boolean
}

interface Asked {
  readonly address: string
  readonly cause: SuppressionCause
  readonly code: string | null
}

interface AppliedRow {
  readonly looked: number
  readonly unknown: number
  readonly healed: string[] | null
  readonly suppress: Asked[] | null
}

/** How long a message is remembered: SNS repeats for an hour, Resend for a day, and people may repeat by hand. */
const REMEMBERED = '48 hours'
const FORGOTTEN_AT_ONCE = 20_000
/** A mail may be told of before it is recorded that it was sent. */
const LOOK_AGAIN_SECONDS = [5, 30, 180]

const FACTS = Object.keys(DELIVERY_FACTS)
const RANKS = Object.values(DELIVERY_FACTS).map(({ rank }) => rank)
const PROOFS = Object.values(DELIVERY_FACTS).map(({ proves }) => proves)

export function webhookEffects(database: Database, options: EffectOptions): WebhookEffects {
  return {
    apply: (limit) => database.transaction((transaction) => apply(transaction, limit, options)),
    forget: async () => {
      for (let forgotten = FORGOTTEN_AT_ONCE; forgotten === FORGOTTEN_AT_ONCE;) {
        forgotten = await forgetSome(database)
      }
    },
    backlog: async () => {
      const [row] = await database.query<{ rows: number; seconds: number }>(
        `SELECT count(*)::float8 AS rows,
           COALESCE(extract(epoch FROM now() - min(due_at)), 0)::float8 AS seconds
         FROM webhook_inbox WHERE due_at <= now()`,
      )
      return { rows: row?.rows ?? 0, oldestSeconds: row?.seconds ?? 0 }
    },
  }
}

async function forgetSome(database: Queryable): Promise<number> {
  const [row] = await database.query<{ forgotten: number }>(
    `WITH old AS (
       DELETE FROM webhook_seen WHERE (provider, message_id) IN (
         SELECT provider, message_id FROM webhook_seen WHERE received_at < now() - $1::interval LIMIT $2)
       RETURNING 1)
     SELECT count(*)::int AS forgotten FROM old`,
    [REMEMBERED, FORGOTTEN_AT_ONCE],
  )
  return row?.forgotten ?? 0
}

async function apply(transaction: Queryable, limit: number, options: EffectOptions): Promise<Applied> {
  const [row] = await transaction.query<AppliedRow & Record<string, unknown>>(APPLY, [
    limit,
    FACTS,
    RANKS,
    PROOFS,
    options.events,
    LOOK_AGAIN_SECONDS,
  ])
  if (row === undefined) return { looked: 0, unknown: 0, healed: 0 }
  if (row.suppress !== null) await suppressAsked(transaction, row.suppress)
  if (row.healed !== null) await completeHealed(transaction, row.healed)
  return { looked: row.looked, unknown: row.unknown, healed: row.healed?.length ?? 0 }
}

/**
 * Our mark finds the recipient, or else the id that the provider gave. Of several tidings for one recipient the
 * highest counts. A recipient is healed of whom it was unknown whether the mail went: it did, or it never will.
 * One that is being sent to is only marked: its result, or the end of its lease, is judged by the mark.
 */
const APPLY = `
  WITH lot AS MATERIALIZED (
    SELECT * FROM webhook_inbox WHERE due_at <= now() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED),
  kind AS (SELECT * FROM unnest($2::text[], $3::int[], $4::text[]) AS kind (fact, rank, proves)),
  located AS MATERIALIZED (
    SELECT lot.*, kind.rank, kind.proves, recipient.batch_id AS to_batch, recipient.seq AS to_seq,
      recipient.address, recipient.attempt
    FROM lot JOIN kind USING (fact)
    LEFT JOIN LATERAL (
      SELECT batch_id, seq FROM attempt
      WHERE lot.batch_id IS NULL AND attempt.provider_message_id = lot.provider_message_id
        AND attempt.provider <> 'smtp' AND attempt.provider = lot.provider LIMIT 1) AS sent ON true
    LEFT JOIN recipient ON recipient.batch_id = COALESCE(lot.batch_id, sent.batch_id)
      AND recipient.seq = COALESCE(lot.seq, sent.seq)),
  highest AS MATERIALIZED (
    SELECT DISTINCT ON (to_batch, to_seq) * FROM located WHERE to_batch IS NOT NULL
    ORDER BY to_batch, to_seq, rank DESC, id),
  locked AS MATERIALIZED (
    SELECT recipient.batch_id, recipient.seq, recipient.delivery, recipient.state = 'uncertain' OR (
      recipient.state IN ('deferred', 'failed', 'cancelled') AND recipient.error_class = 'ambiguous') AS in_doubt
    FROM recipient JOIN highest ON recipient.batch_id = highest.to_batch AND recipient.seq = highest.to_seq
    ORDER BY recipient.batch_id, recipient.seq FOR UPDATE OF recipient),
  judged AS (
    SELECT highest.*, COALESCE(in_doubt, false) AS in_doubt,
      COALESCE((SELECT kind.rank FROM kind WHERE kind.fact = locked.delivery), 0) < highest.rank AS is_news
    FROM locked JOIN highest ON highest.to_batch = locked.batch_id AND highest.to_seq = locked.seq),
  changed AS (
    UPDATE recipient SET
      delivery = CASE WHEN is_news THEN fact ELSE delivery END,
      delivery_at = CASE WHEN is_news THEN LEAST(now(), COALESCE(happened_at, now())) ELSE delivery_at END,
      state = CASE WHEN in_doubt THEN proves ELSE recipient.state END,
      provider_message_id = COALESCE(recipient.provider_message_id, judged.provider_message_id),
      error_class = CASE WHEN NOT in_doubt THEN error_class WHEN proves = 'failed' THEN 'recipient' END,
      error_code = CASE WHEN NOT in_doubt THEN recipient.error_code
        WHEN proves = 'failed' THEN judged.error_code END,
      updated_at = now()
    FROM judged
    WHERE recipient.batch_id = to_batch AND recipient.seq = to_seq AND (is_news OR in_doubt)
    RETURNING recipient.batch_id, recipient.seq, recipient.address, recipient.attempt, recipient.state,
      recipient.worker, judged.provider, judged.provider_message_id, judged.error_code, in_doubt AS healed),
  logged AS (
    INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id, error_code)
    SELECT batch_id, seq, attempt, CASE state WHEN 'sent' THEN 'accepted' ELSE 'recipient' END,
      COALESCE(worker, ''), provider, provider_message_id, error_code
    FROM changed WHERE healed ON CONFLICT DO NOTHING),
  noted AS (
    INSERT INTO event (batch_id, recipient, event, attempt, provider, provider_message_id, error_code)
    SELECT batch_id, address, state, attempt, provider, provider_message_id, error_code
    FROM changed WHERE healed AND $5
    UNION ALL
    SELECT to_batch, address, fact, attempt, provider, provider_message_id, error_code
    FROM located WHERE to_batch IS NOT NULL AND $5),
  postponed AS (
    UPDATE webhook_inbox SET looks = webhook_inbox.looks + 1,
      due_at = now() + make_interval(secs => ($6::int[])[webhook_inbox.looks + 1])
    FROM located WHERE webhook_inbox.id = located.id AND to_batch IS NULL
      AND located.looks < cardinality($6::int[]) RETURNING webhook_inbox.id),
  finished AS (
    DELETE FROM webhook_inbox WHERE id IN (SELECT id FROM located
      WHERE to_batch IS NOT NULL OR located.looks >= cardinality($6::int[])) RETURNING id)
  SELECT (SELECT count(*)::int FROM lot) AS looked,
    (SELECT count(*)::int FROM located WHERE to_batch IS NULL AND located.looks >= cardinality($6::int[])) AS unknown,
    (SELECT array_agg(batch_id::text) FROM changed WHERE healed) AS healed,
    (SELECT json_agg(json_build_object('address', address, 'cause', cause, 'code', error_code))
     FROM lot, unnest(suppress) AS address WHERE looks = 0) AS suppress`

/** Whether or not the mail was ours: what the provider says of an address holds for every mail to it. */
async function suppressAsked(transaction: Queryable, asked: readonly Asked[]): Promise<void> {
  const entries = asked.flatMap(({ address, cause, code }) => {
    const parsed = parseSender(address)
    const detail = code === null ? {} : { detail: code }
    return parsed.ok ? [{ addressNorm: parsed.mailbox.normalised, reason: cause, ...detail }] : []
  })
  await suppress(transaction, entries)
}
