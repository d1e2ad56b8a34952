/** Mails that went although it had been said, or was believed, that they did not: what was sent is never un-known. */
import type { Result } from '../sending/ports.ts'
import type { Queryable } from './database.ts'
import type { ResultOptions } from './results.ts'
import { judgeAgain } from './completion.ts'

export interface Contradicted {
  readonly batchId: string
  readonly seq: number
  readonly attempt: number
  /** What the recipient was when it turned out that the mail had gone. */
  readonly was: string
}

interface Row extends Contradicted, Record<string, unknown> {
  readonly became: string
}

/**
 * Each is logged with its attempt, and the recipient is `sent` from now on, unless somebody is just sending to it again:
 * that result will then be judged by this one. One that is `sent` by another attempt has got two mails.
 * @param results that were accepted, and whose recipients are no longer ours
 * @returns those that were not known before, and how many recipients changed.
 */
export async function acceptAfterAll(
  transaction: Queryable,
  results: readonly Result[],
  { provider, events }: Pick<ResultOptions, 'provider' | 'events'>,
): Promise<{ readonly contradicted: readonly Contradicted[]; readonly changed: number }> {
  if (results.length === 0) return { contradicted: [], changed: 0 }
  const column = <Value>(of: (result: Result) => Value): Value[] => results.map(of)
  const rows = await transaction.query<Row>(ACCEPT, [
    column(({ claimed }) => claimed.batchId),
    column(({ claimed }) => claimed.seq),
    column(({ claimed }) => claimed.attempt),
    column(({ claimed }) => claimed.holder),
    column(({ tries }) => tries),
    column(({ code }) => code),
    column(({ providerMessageId }) => providerMessageId),
    column(({ startedAt }) => startedAt),
    provider,
    events,
  ])
  const changed = rows.filter(({ was, became }) => was !== became)
  await judgeAgain(
    transaction,
    changed.map(({ batchId }) => batchId),
  )
  const contradicted = rows.map(({ batchId, seq, attempt, was }) => ({ batchId, seq, attempt, was }))
  return { contradicted, changed: changed.length }
}

/**
 * A lease of an older attempt than this one is of a server that has forgotten this one. Of a mail that is known to have
 * been dropped after all, it is no news that it was taken.
 */
const ACCEPT = `
  WITH result AS (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[],
        $8::timestamptz[]) AS result (batch_id, seq, attempt, worker, tries, code, message_id, started_at)),
  found AS MATERIALIZED (
    SELECT result.*, recipient.state AS was,
      CASE WHEN recipient.state = 'sending' AND recipient.attempt >= result.attempt THEN 'sending'
        WHEN recipient.state = 'failed' AND recipient.delivery = 'rejected' AND recipient.attempt = result.attempt
          THEN 'dropped'
        ELSE 'sent' END AS became
    FROM recipient JOIN result USING (batch_id, seq) ORDER BY batch_id, seq FOR UPDATE OF recipient),
  logged AS (
    INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id, error_code, started_at)
    SELECT batch_id, seq, attempt, 'accepted', worker, $9, message_id, code, started_at FROM found
    ON CONFLICT DO NOTHING RETURNING batch_id, seq, attempt),
  news AS (SELECT found.* FROM found JOIN logged USING (batch_id, seq, attempt)),
  changed AS (
    UPDATE recipient SET state = 'sent', attempt = GREATEST(recipient.attempt, news.attempt), lease_until = NULL,
      tries = news.tries, provider_message_id = COALESCE(news.message_id, recipient.provider_message_id),
      error_class = NULL, error_code = 'sent_after_all', updated_at = now()
    FROM news WHERE recipient.batch_id = news.batch_id AND recipient.seq = news.seq AND was <> 'sent' AND became = 'sent'
    RETURNING recipient.batch_id, recipient.address, recipient.attempt, news.message_id),
  noted AS (
    INSERT INTO event (batch_id, recipient, event, attempt, provider, provider_message_id, error_code)
    SELECT batch_id, address, 'sent', attempt, $9, message_id, 'sent_after_all' FROM changed WHERE $10)
  SELECT batch_id AS "batchId", seq, attempt, was, became FROM news WHERE became <> 'dropped' ORDER BY batch_id, seq`
