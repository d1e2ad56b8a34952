/** The audit log: written with what it tells of, read by the API, handed over to ClickHouse, which keeps it for ever. */
import type { AuditEntry } from '../domain/audit.ts'
import type { AuditPage, AuditRecord } from '../http/ports.ts'
import type { Database, Queryable } from './database.ts'
import { clickhouseInstant, outbox, type Outbox } from './outbox.ts'

/** As ClickHouse takes it. */
export interface AuditRow {
  /** UTC, `YYYY-MM-DD HH:MM:SS.mmm`. */
  readonly timestamp: string
  readonly id: string
  readonly action: string
  readonly user_id: string
  readonly resource: string
  readonly metadata: string
  readonly ip: string
  readonly user_agent: string
}

const KEPT = '90 days'

export async function recordAudit(queryable: Queryable, entries: readonly AuditEntry[]): Promise<void> {
  const column = <Value>(of: (entry: AuditEntry) => Value): Value[] => entries.map(of)
  await queryable.query(
    `INSERT INTO audit (action, user_id, resource, metadata, ip, user_agent)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[])`,
    [
      column(({ action }) => action),
      column(({ userId }) => userId),
      column(({ resource }) => resource),
      column(({ metadata }) => JSON.stringify(metadata)),
      column(({ ip }) => ip),
      column(({ userAgent }) => userAgent),
    ],
  )
}

/** The newest first. */
export function listAudit(queryable: Queryable, page: AuditPage): Promise<readonly AuditRecord[]> {
  const { text, values } = auditStatement(page)
  return queryable.query<AuditRecord & Record<string, unknown>>(text, values)
}

/** Ids are in the order of instants but for transactions under way, none of which takes as long. */
const SLACK = `interval '10 minutes'`
const LAST = '9223372036854775807'

/**
 * A stretch of one index, from where the page begins: of the user, of the action, or of all. Its columns are compared
 * and ordered by together, since a plan that is made for any value would take the ids alone for good enough, and read
 * the whole log for what is rare.
 */
export function auditStatement({ action, userId, from, to, before, limit }: AuditPage) {
  const values: unknown[] = [limit]
  const given = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const filters: string[] = []
  const below: string[] = before === undefined ? [] : [given(before, 'bigint')]
  let above = '0'
  if (from !== undefined) {
    const at = given(from, 'timestamptz')
    filters.push(`at >= ${at}`)
    above = `COALESCE((SELECT id FROM audit WHERE at < ${at} - ${SLACK} ORDER BY at DESC LIMIT 1), 0)`
  }
  if (to !== undefined) {
    const at = given(to, 'timestamptz')
    filters.push(`at < ${at}`)
    below.push(`(SELECT id FROM audit WHERE at >= ${at} + ${SLACK} ORDER BY at LIMIT 1)`)
  }
  const key = keyOf(action, userId)
  const [own, of] = key === undefined ? ['', ''] : [`${key}, `, `${given(userId ?? action, 'text')}, `]
  if (userId !== undefined && action !== undefined) filters.push(`action = ${given(action, 'text')}`)
  filters.push(`(${own}id) < (${of}LEAST(${[...below, LAST].join(', ')}))`, `(${own}id) > (${of}${above})`)
  const order = key === undefined ? 'id DESC' : `${key} DESC, id DESC`
  const text = `SELECT id, uid, at, action, user_id AS "userId", resource, metadata, ip, user_agent AS "userAgent"
    FROM audit WHERE ${filters.join(' AND ')} ORDER BY ${order} LIMIT $1`
  return { text, values }
}

/** The column that leads the index, before the id. */
function keyOf(action: string | undefined, userId: string | undefined): string | undefined {
  if (userId !== undefined) return 'user_id'
  return action === undefined ? undefined : 'action'
}

const TABLES = {
  rows: 'audit',
  lots: 'audit_flush',
  waiting: 'handed_at IS NULL',
  columns: `${clickhouseInstant('at')} AS timestamp, uid AS id, action, user_id, resource, metadata::text AS metadata,
    ip, user_agent`,
  handed: 'UPDATE audit SET handed_at = now() WHERE id IN (SELECT unnest(ids) FROM flushed)',
}

export const auditOutbox = (database: Database, lotSize: number): Outbox<AuditRow> =>
  outbox(database, TABLES, lotSize)

/** @param handedOnly where there is a ClickHouse, nothing goes that has not arrived there. */
export async function deleteOldAudit(queryable: Queryable, handedOnly: boolean): Promise<void> {
  await queryable.query(
    'DELETE FROM audit WHERE at < now() - $1::interval AND (NOT $2 OR handed_at IS NOT NULL)',
    [KEPT, handedOnly],
  )
}
