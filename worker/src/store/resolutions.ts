/** What a person says of recipients of whom nobody knows whether their mail went. */
import type { Queryable } from './database.ts'
import type { Resolution } from '../domain/resolution.ts'
import { RETRIED_FROM } from '../domain/batchState.ts'
import { judgeAgain } from './completion.ts'
import { FOLDED } from './folding.ts'
import { runAgain } from './retries.ts'

export interface Resolve {
  readonly batchId: string
  readonly as: Resolution
  /** Folded; all that are in doubt when left out. */
  readonly addresses: readonly string[] | undefined
  /** Who says so. */
  readonly userId: string
  /** Whether events are kept for ClickHouse. */
  readonly events: boolean
}

/**
 * The batch is locked first, as by everybody who ends or reopens one. Said to be sent or failed, the doubt is over;
 * tried again, it stays on record, so that a refusal of the second mail does not pass for one of the first.
 * @returns how many were resolved; undefined when the batch is in a state that does not allow it.
 */
export async function resolveUncertain(
  transaction: Queryable,
  resolve: Resolve,
): Promise<number | undefined> {
  const { batchId, as } = resolve
  const [batch] = await transaction.query<{ state: string; failing: boolean }>(
    `SELECT state, state = 'running' AND error_class IS NOT NULL AS failing FROM batch WHERE id = $1 FOR UPDATE`,
    [batchId],
  )
  if (batch === undefined) return undefined
  // One that is ending can run again when it has ended.
  if (as === 'retry') return batch.failing ? undefined : retry(transaction, resolve, batch.state)
  const settled = await settle(transaction, resolve)
  if (settled > 0) await judgeAgain(transaction, [batchId])
  return settled
}

const MEANT = `batch_id = $1 AND state = 'uncertain' AND ($2::text[] IS NULL OR ${FOLDED('address_norm')} = ANY($2))`

async function settle(
  transaction: Queryable,
  { batchId, as, addresses, userId, events }: Resolve,
): Promise<number> {
  const [row] = await transaction.query<{ settled: number }>(
    `WITH settled AS (
       UPDATE recipient SET state = $3, error_class = CASE $3 WHEN 'failed' THEN 'recipient' END,
         error_code = 'resolved_by_hand', updated_at = now()
       WHERE ${MEANT} RETURNING seq, address, attempt),
     logged AS (
       INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, error_code, detail)
       SELECT $1, doubt.seq, doubt.attempt, CASE $3 WHEN 'sent' THEN 'accepted' ELSE 'recipient' END, $4,
         doubt.provider, 'resolved_by_hand', 'by ' || $4
       FROM settled JOIN attempt AS doubt ON doubt.batch_id = $1 AND doubt.seq = settled.seq
         AND doubt.outcome IN ('lost', 'ambiguous')
       ON CONFLICT DO NOTHING),
     noted AS (
       INSERT INTO event (batch_id, recipient, event, attempt, provider, error_code)
       SELECT $1, address, $3, attempt, COALESCE((SELECT provider FROM attempt
           WHERE attempt.batch_id = $1 AND attempt.seq = settled.seq LIMIT 1), ''), 'resolved_by_hand'
       FROM settled WHERE $5)
     SELECT count(*)::int AS settled FROM settled`,
    [batchId, addresses, as, userId, events],
  )
  return row?.settled ?? 0
}

/** A batch that was cancelled was ended by a person; one that only was accepted has nobody in doubt. */
const RETRIED: readonly string[] = [...RETRIED_FROM, 'running', 'paused']

async function retry(
  transaction: Queryable,
  { batchId, addresses }: Resolve,
  state: string,
): Promise<number | undefined> {
  if (!RETRIED.includes(state)) return undefined
  const recipients = await transaction.query<{ seq: number }>(
    `UPDATE recipient SET state = 'pending', tries = 0, first_tried_at = NULL, due_at = now(), error_class = NULL, error_code = NULL,
       updated_at = now() WHERE ${MEANT} RETURNING seq`,
    [batchId, addresses],
  )
  await runAgain(transaction, batchId, recipients)
  return recipients.length
}
