/** What each worker has seen of the provider and of its API lately, a row each: whoever asks one of them hears of all. */
import type { Answers } from '../http/ports.ts'
import type { Attempts } from '../sending/attemptWindow.ts'
import type { ProviderOutage } from '../sending/providerOutage.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import type { Queryable } from './database.ts'

export interface WorkerState {
  readonly attempts: Attempts
  readonly answers: Answers
  readonly outage?: ProviderOutage | undefined
  /** When a forged webhook was turned away last. */
  readonly forgedAt?: Date | undefined
}

/** Several times as long as a worker lets pass before it is heard of again. */
const HEARD = `interval '15 seconds'`
const REMEMBERED = `interval '1 hour'`

export async function shareState(database: Queryable, worker: string, state: WorkerState): Promise<void> {
  const { attempts, answers, outage, forgedAt } = state
  await database.query(
    `WITH old AS (DELETE FROM worker_state WHERE heard_at < now() - ${REMEMBERED} AND worker <> $1)
     INSERT INTO worker_state (worker, heard_at, attempts, refused, most_refused, closed_since, closed_last, closed_class,
       closed_code, closed_reply, forged_at, answers, answers_slow, answers_failed)
     VALUES ($1, now(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (worker) DO UPDATE SET heard_at = EXCLUDED.heard_at, attempts = EXCLUDED.attempts,
       refused = EXCLUDED.refused, most_refused = EXCLUDED.most_refused, closed_since = EXCLUDED.closed_since,
       closed_last = EXCLUDED.closed_last,
       closed_class = EXCLUDED.closed_class, closed_code = EXCLUDED.closed_code,
       closed_reply = EXCLUDED.closed_reply, forged_at = EXCLUDED.forged_at, answers = EXCLUDED.answers,
       answers_slow = EXCLUDED.answers_slow, answers_failed = EXCLUDED.answers_failed`,
    [
      worker,
      attempts.attempts,
      attempts.refused,
      attempts.most,
      outage?.since,
      outage?.lastAt,
      outage?.retryClass,
      outage?.code,
      outage?.replyCode,
      forgedAt,
      answers.answers,
      answers.slow,
      answers.failed,
    ],
  )
}

export async function forgetState(database: Queryable, worker: string): Promise<void> {
  await database.query('DELETE FROM worker_state WHERE worker = $1', [worker])
}

interface Closed {
  readonly closed_since: Date | null
  readonly closed_last: Date | null
  readonly closed_class: RetryClass | null
  readonly closed_code: string | null
  readonly closed_reply: number | null
}

interface Row extends Closed, Record<string, unknown> {
  readonly attempts: number
  readonly refused: number
  readonly most: RetryClass | null
  readonly forged_at: Date | null
  readonly answers: number
  readonly slow: number
  readonly failed: number
}

/** Of the other workers, as far as they were heard of lately. */
export async function sharedStates(database: Queryable, own: string): Promise<readonly WorkerState[]> {
  const rows = await database.query<Row>(
    `SELECT attempts, refused, most_refused AS most, closed_since, closed_last, closed_class, closed_code, closed_reply,
       forged_at, answers, answers_slow AS slow, answers_failed AS failed
     FROM worker_state WHERE heard_at > now() - ${HEARD} AND worker <> $1 ORDER BY worker`,
    [own],
  )
  return rows.map(({ attempts, refused, most, forged_at: forgedAt, answers, slow, failed, ...row }) => ({
    attempts: { attempts, refused, ...(most !== null && { most }) },
    answers: { answers, slow, failed },
    outage: outageOf(row),
    forgedAt: forgedAt ?? undefined,
  }))
}

function outageOf(row: Closed): ProviderOutage | undefined {
  const { closed_since: since, closed_last: lastAt, closed_class: retryClass } = row
  const { closed_code: code, closed_reply: replyCode } = row
  if (since === null || lastAt === null || retryClass === null) return undefined
  return {
    since,
    lastAt,
    retryClass,
    ...(code !== null && { code }),
    ...(replyCode !== null && { replyCode }),
  }
}
