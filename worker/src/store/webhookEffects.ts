/** What the tidings of providers change: recipients, attempts, events, the list of suppressed addresses. */
import type { SuppressionCause } from '../domain/delivery.ts'
import type { NewSuppression } from '../domain/suppression.ts'
import type { Applied, WebhookEffects } from '../webhooks/ports.ts'
import type { Database, Queryable } from './database.ts'
import { APPLY } from './applyTidings.ts'
import { judgeAgain } from './completion.ts'
import { parseSender, spelledBefore } from '../domain/address.ts'
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
  readonly healed: number
  /** Batches of recipients that have become something else. */
  readonly moved: string[] | null
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
      const [row] = await database.query<{ rows: number; since: Date | null; seconds: number }>(
        `SELECT count(*)::float8 AS rows, min(due_at) AS since,
           COALESCE(extract(epoch FROM now() - min(due_at)), 0)::float8 AS seconds
         FROM webhook_inbox WHERE due_at <= now()`,
      )
      const { rows = 0, seconds = 0, since = null } = row ?? {}
      return { rows, oldestSeconds: seconds, ...(since && { since }) }
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
  if (row.moved !== null) await judgeAgain(transaction, row.moved)
  return { looked: row.looked, unknown: row.unknown, healed: row.healed }
}

/** Told by our mark, or the id that the provider gave, or else by the address that the event names. */
async function suppressAsked(transaction: Queryable, asked: readonly Asked[]): Promise<void> {
  const entries = asked.flatMap(({ address, cause, code }): readonly NewSuppression[] => {
    const parsed = parseSender(address)
    if (!parsed.ok) return []
    const { address: mailed, normalised: addressNorm } = parsed.mailbox
    const detail = code === null ? {} : { detail: code }
    return [{ addressNorm, spelled: spelledBefore(mailed), reason: cause, ...detail }]
  })
  await suppress(transaction, entries)
}
