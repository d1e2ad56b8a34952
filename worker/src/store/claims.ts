/** Claims: recipients whose turn has come become ours for a while, or are left out for the suppression list. */
import type { Claimed, Work } from '../sending/ports.ts'
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Variables } from '../domain/variables.ts'
import type { LedgerOptions } from './ledger.ts'
import type { Queryable } from './database.ts'
import { IN_DOUBT } from './doubt.ts'
import { FOLDED } from './folding.ts'
import { SERVER } from './witnesses.ts'

interface Claim extends Pick<LedgerOptions, 'leaseMs' | 'provider' | 'events'> {
  readonly limit: number
  readonly holder: string
  /** The server that this is meant for; unset = whichever. */
  readonly server?: string | undefined
}

export interface Claims {
  readonly claimed: readonly Claimed[]
  /** How long the lease that ends first goes on, in milliseconds. */
  readonly leftMs: number
}

/**
 * The list is asked row by row through its key: joined, a long list might be read whole for a few recipients. Every
 * listed recipient of the chunk is left out at once, so that a claim of none means that nothing is due. One of which a
 * mail may have gone before stays uncertain. What was told of a mail that was dropped says nothing of the next one.
 */
export async function claimDue(
  database: Queryable,
  { batchId, firstSeq, lastSeq }: Work,
  { limit, holder, leaseMs, provider, events, server }: Claim,
): Promise<Claims> {
  const rows = await database.query<{
    seq: number
    address: string
    variables: Variables | null
    headers: MailHeaders | null
    attempt: number
    tries: number
    dropped: number
    age_ms: number
    left_ms: number
  }>(
    `WITH listed AS MATERIALIZED (
       SELECT seq, ${REASON} AS reason,
         ${IN_DOUBT} AS perhaps_sent
       FROM recipient WHERE ${DUE} AND ${REASON} IS NOT NULL FOR UPDATE OF recipient SKIP LOCKED),
     left_out AS (
       UPDATE recipient SET state = CASE WHEN perhaps_sent THEN 'uncertain' ELSE 'suppressed' END,
         error_class = CASE WHEN perhaps_sent THEN 'ambiguous' END, error_code = 'suppressed_' || reason,
         updated_at = now()
       FROM listed WHERE recipient.batch_id = $1 AND recipient.seq = listed.seq
       RETURNING address, state, attempt, error_class, error_code),
     noted AS (
       INSERT INTO event (batch_id, recipient, event, attempt, provider, error_class, error_code)
       SELECT $1, address, state, attempt, $7, error_class, error_code FROM left_out WHERE $8),
     due AS MATERIALIZED (
       SELECT seq FROM recipient WHERE ${DUE} AND ${REASON} IS NULL ORDER BY seq LIMIT $4 FOR UPDATE SKIP LOCKED)
     UPDATE recipient SET state = 'sending', attempt = attempt + 1, worker = $5, delivery = NULL, delivery_at = NULL,
       first_tried_at = COALESCE(first_tried_at, now()),
       lease_until = clock_timestamp() + make_interval(secs => $6), updated_at = now()
     FROM due WHERE recipient.batch_id = $1 AND recipient.seq = due.seq
     RETURNING recipient.seq, address, variables, headers, attempt, tries, ${DROPPED} AS dropped,
       GREATEST(0, extract(epoch FROM now() - GREATEST(first_tried_at,
         (SELECT resumed_at FROM batch WHERE id = $1))))::float8 * 1000 AS age_ms,
       extract(epoch FROM lease_until - clock_timestamp())::float8 * 1000 AS left_ms`,
    [batchId, firstSeq, lastSeq, limit, holder, leaseMs / 1_000, provider, events, server],
  )
  const claimed = rows.map(({ seq, address, attempt, tries, dropped, age_ms: ageMs, ...row }) => {
    const variables = row.variables ?? {}
    const headers = row.headers ?? {}
    return { batchId, seq, address, attempt, tries, dropped, ageMs, holder, variables, headers }
  })
  return { claimed, leftMs: Math.min(...rows.map((row) => row.left_ms)) }
}

/** A batch that an older worker accepted has its addresses as they were spelled. */
const REASON = `(SELECT reason FROM suppression WHERE address_norm = ${FOLDED('recipient.address_norm')})`
/** The first attempt, which most are, has nothing before it. */
const DROPPED = `CASE attempt WHEN 1 THEN 0 ELSE (SELECT count(*)::int FROM attempt AS dropped
  WHERE dropped.batch_id = $1 AND dropped.seq = recipient.seq AND outcome = 'rejected') END`
const DUE = `batch_id = $1 AND seq BETWEEN $2 AND $3 AND state IN ('pending', 'deferred') AND due_at <= now()
  AND EXISTS (SELECT FROM batch WHERE id = $1 AND state = 'running' AND error_class IS NULL) AND ($9::text IS NULL OR $9 = ${SERVER})`
