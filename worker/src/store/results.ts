/** Results of attempts: recipient, append-only attempt and event in one statement, for many recipients at once. */
import type { Claimed, ChunkRef, Result } from '../sending/ports.ts'
import type { LedgerOptions } from './ledger.ts'
import type { Queryable } from './database.ts'
import { dropClass, dropCode } from './droppedMails.ts'
import { spelledBefore } from '../domain/address.ts'
import { saysNoMailbox } from '../domain/reply.ts'
import { MAX_TRIES } from '../domain/retryClasses.ts'
import { inDoubtBefore, sentBefore } from './doubt.ts'
import { suppress } from './suppressions.ts'

export type ResultOptions = Pick<LedgerOptions, 'provider' | 'events' | 'onUncertain' | 'repeatableMs'>

const DETAIL_CHARACTERS = 500

/** What a recipient in doubt becomes: the provider may already have told whether it took the mail. */
export const proven = (otherwise: string): string =>
  `CASE WHEN recipient.delivery IS NULL THEN ${otherwise} WHEN recipient.delivery = 'rejected' THEN 'failed' ELSE 'sent' END`

/** The provider took the mail, and had told by then that it would not send it. */
const DROPPED = `result.state = 'sent' AND recipient.delivery = 'rejected'`
const DROP_CODE = `COALESCE(${dropCode('result.attempt')}, 'rejected')`

export type RecipientKey = Pick<Claimed, 'batchId' | 'seq'>

/** Which recipients a result may be written to, beside those whose attempt and claim it is of. */
export const WHOSE = {
  held: "recipient.state = 'sending'",
  /** Judged when their lease ran out, or their claim was forgotten: now it is known what happened. */
  judged:
    "recipient.state IN ('uncertain', 'deferred') AND recipient.error_code IN ('lease_expired', 'commit_lost')",
} as const

/** Whether a result says what else a bounce says: nothing is to be sent to that address any more. */
export const isBounce = ({ retryClass, reply }: Result): boolean =>
  retryClass === 'recipient' && saysNoMailbox(reply)

/**
 * Writes each result whose attempt is still the recipient's. One that failed is in doubt all the same when an earlier
 * attempt may have sent a mail: only a provider that tells repetitions apart can refuse both at once.
 * @param database a transaction, where one of them is a bounce
 * @returns the recipients that were written.
 */
export async function writeResults(
  database: Queryable,
  results: readonly Result[],
  { provider, events, repeatableMs }: ResultOptions,
  whose: keyof typeof WHOSE,
): Promise<readonly RecipientKey[]> {
  const column = <Value>(of: (result: Result) => Value): Value[] => results.map(of)
  const written = await database.query<Written>(
    `WITH result AS (
       SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::int[], $7::float8[],
           $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $16::text[], $17::int[], $18::text[])
         AS result (batch_id, seq, attempt, worker, state, tries, due_ms,
           retry_class, code, message_id, detail, started_at, stage, reply_code, enhanced_code)),
     written AS (
       UPDATE recipient SET state = CASE
           WHEN ${DROPPED} THEN CASE WHEN ${sentBefore('result.attempt')} THEN 'sent'
             WHEN ${inDoubtBefore('result.attempt')} THEN 'uncertain' ELSE 'failed' END
           WHEN result.state <> 'sent' AND ${sentBefore('result.attempt')} THEN 'sent'
           WHEN result.state = 'failed' AND NOT ($15 AND result.retry_class = 'recipient')
             AND ${inDoubtBefore('result.attempt')} THEN 'uncertain'
           WHEN result.retry_class NOT IN ('ambiguous', 'mismatch') THEN result.state
           ELSE ${proven('result.state')} END, tries = result.tries, lease_until = NULL,
         due_at = now() + result.due_ms * interval '1 millisecond',
         provider_message_id = COALESCE(result.message_id, recipient.provider_message_id),
         error_class = CASE WHEN ${DROPPED} THEN ${dropClass(DROP_CODE)} ELSE NULLIF(result.retry_class, 'accepted') END,
         error_code = CASE WHEN ${DROPPED} THEN ${DROP_CODE} ELSE result.code END, updated_at = now()
       FROM result
       WHERE recipient.batch_id = result.batch_id AND recipient.seq = result.seq
         AND recipient.attempt = result.attempt AND recipient.worker = result.worker
         AND ${WHOSE[whose]}
       RETURNING result.*, recipient.address, recipient.address_norm, recipient.state AS became, error_class, error_code),
     logged AS (
       INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id, error_code,
         detail, started_at, stage, reply_code, enhanced_code)
       SELECT batch_id, seq, attempt, retry_class, worker, $13, message_id, code, detail, started_at, stage, reply_code,
         enhanced_code FROM written
       ON CONFLICT DO NOTHING),
     noted AS (
       INSERT INTO event (batch_id, recipient, event, attempt, provider, provider_message_id, error_class, error_code)
       SELECT batch_id, address, became, attempt, $13, message_id, error_class, error_code
       FROM written WHERE $14)
     SELECT batch_id AS "batchId", seq, address_norm AS "addressNorm" FROM written`,
    [
      column(({ claimed }) => claimed.batchId),
      column(({ claimed }) => claimed.seq),
      column(({ claimed }) => claimed.attempt),
      column(({ claimed }) => claimed.holder),
      column(({ state }) => state),
      column(({ tries }) => tries),
      column(({ dueMs }) => dueMs),
      column(({ retryClass }) => retryClass),
      column(({ code }) => code),
      column(({ providerMessageId }) => providerMessageId),
      column(({ reply: { detail } }) => detail?.slice(0, DETAIL_CHARACTERS).replaceAll('\0', '')),
      column(({ startedAt }) => startedAt),
      provider,
      events,
      repeatableMs !== undefined,
      column(({ reply }) => reply.stage),
      column(({ reply }) => reply.replyCode),
      column(({ reply }) => reply.enhancedCode),
    ],
  )
  await suppressBounced(database, results.filter(isBounce), written)
  return written
}

interface Written extends RecipientKey {
  readonly addressNorm: string
}

async function suppressBounced(
  database: Queryable,
  bounces: readonly Result[],
  written: readonly Written[],
): Promise<void> {
  const entries = bounces.flatMap(({ claimed, reply }) =>
    written
      .filter(({ batchId, seq }) => batchId === claimed.batchId && seq === claimed.seq)
      .map(({ addressNorm }) => ({
        // Of a batch that was accepted before addresses were folded it is not.
        addressNorm: addressNorm.toLowerCase(),
        spelled: spelledBefore(claimed.address),
        reason: 'bounce' as const,
        detail: reply.enhancedCode ?? '',
      })),
  )
  if (entries.length > 0) await suppress(database, entries)
}

const EXPIRED_CODE = `COALESCE(${dropCode('recipient.attempt')}, 'rejected')`

/**
 * A lease that ran out while sending: nobody knows whether the mail went. Held, or by policy tried again, unless a
 * provider that tells repetitions apart has forgotten the first try by now. The end of the lease stands for the time of
 * the try, which may have been made just before.
 */
export async function judgeExpired(
  database: Queryable,
  ref: ChunkRef,
  { provider, events, onUncertain, repeatableMs }: ResultOptions,
): Promise<void> {
  const resends = (await onUncertain()) === 'Resend'
  const fate = `CASE WHEN ${sentBefore('recipient.attempt')} THEN 'sent' WHEN $4 AND recipient.tries + 1 < ${MAX_TRIES} AND ($6::float8 IS NULL OR ended > now() - $6 * interval '1 millisecond')
    THEN 'deferred' ELSE 'uncertain' END`
  await database.query(
    `WITH ending AS MATERIALIZED (
       SELECT recipient.seq AS at_seq, recipient.lease_until AS ended FROM recipient, chunk
       WHERE chunk.batch_id = $1 AND chunk.number = $2
         AND recipient.batch_id = $1 AND recipient.seq BETWEEN chunk.first_seq AND chunk.last_seq
         AND recipient.state = 'sending' AND recipient.lease_until < now() FOR UPDATE OF recipient),
     expired AS (
       UPDATE recipient SET state = ${proven(fate)}, due_at = now(), tries = tries + 1, lease_until = NULL,
         error_class = CASE recipient.delivery WHEN 'rejected' THEN ${dropClass(EXPIRED_CODE)} ELSE 'ambiguous' END,
         error_code = CASE recipient.delivery WHEN 'rejected' THEN ${EXPIRED_CODE} ELSE 'lease_expired' END,
         updated_at = now()
       FROM ending WHERE recipient.batch_id = $1 AND recipient.seq = at_seq
       RETURNING recipient.seq, recipient.attempt, recipient.worker, recipient.address, recipient.state, ended),
     logged AS (
       INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, error_code, started_at)
       SELECT $1, seq, attempt, 'lost', worker, $3, 'lease_expired', ended FROM expired ON CONFLICT DO NOTHING)
     INSERT INTO event (batch_id, recipient, event, attempt, provider, error_class, error_code)
     SELECT $1, address, state, attempt, $3, 'ambiguous', 'lease_expired' FROM expired WHERE $5`,
    [ref.batchId, ref.chunk, provider, resends, events, repeatableMs],
  )
}

/** Those in doubt that wait to be tried again, for so long that the provider would take the repetition for another mail. */
export async function holdForgotten(
  database: Queryable,
  ref: ChunkRef,
  { provider, events, repeatableMs }: ResultOptions,
): Promise<void> {
  if (repeatableMs === undefined) return
  await database.query(
    `WITH held AS (
       UPDATE recipient SET state = 'uncertain', updated_at = now()
       FROM chunk
       WHERE chunk.batch_id = $1 AND chunk.number = $2
         AND recipient.batch_id = $1 AND recipient.seq BETWEEN chunk.first_seq AND chunk.last_seq
         AND recipient.state = 'deferred' AND EXISTS (SELECT FROM attempt
           WHERE attempt.batch_id = $1 AND attempt.seq = recipient.seq AND attempt.outcome IN ('ambiguous', 'lost')
             AND attempt.started_at < now() - $5::float8 * interval '1 millisecond')
       RETURNING recipient.address, recipient.attempt)
     INSERT INTO event (batch_id, recipient, event, attempt, provider, error_class)
     SELECT $1, address, 'uncertain', attempt, $3, 'ambiguous' FROM held WHERE $4`,
    [ref.batchId, ref.chunk, provider, events, repeatableMs],
  )
}
