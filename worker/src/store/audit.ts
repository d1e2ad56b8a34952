/** The audit log: written with what it tells of, read by the API, handed over to ClickHouse, which keeps it for ever. */
import type { AuditAction, AuditEntry } from '../domain/audit.ts'
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

export interface AuditRecord extends AuditEntry {
  readonly uid: string
  /** Decimal; the order in which they were written. */
  readonly id: string
  readonly at: Date
}

export interface AuditPage {
  readonly action: AuditAction | undefined
  readonly userId: string | undefined
  readonly from: Date | undefined
  readonly to: Date | undefined
  /** The id of the last one of the page before. */
  readonly before: string | undefined
  readonly limit: number
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
export function listAudit(
  queryable: Queryable,
  { action, userId, from, to, before, limit }: AuditPage,
): Promise<readonly AuditRecord[]> {
  return queryable.query<AuditRecord & Record<string, unknown>>(
    `SELECT id, uid, at, action, user_id AS "userId", resource, metadata, ip, user_agent AS "userAgent" FROM audit
     WHERE ($1::text IS NULL OR action = $1) AND ($2::text IS NULL OR user_id = $2)
       AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
       AND ($5::bigint IS NULL OR id < $5)
     ORDER BY id DESC LIMIT $6`,
    [action, userId, from, to, before, limit],
  )
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
