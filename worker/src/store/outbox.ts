/** Outboxes for ClickHouse: rows are put into lots whose boundaries are kept, so that a lot is the same at every try. */
import type { QueryResultRow } from 'pg'
import type { Database } from './database.ts'

export interface Lot<Row> {
  /** Names the lot for ever. */
  readonly token: string
  readonly rows: readonly Row[]
}

/** What waits to be handed over. */
export interface Backlog {
  readonly rows: number
  readonly oldestSeconds: number
  /** When the oldest of it came; unset = nothing waits. */
  readonly since?: Date
}

export interface Outbox<Row> {
  /** The oldest lot that was begun, or a new one of the oldest rows; undefined when there is nothing. */
  nextLot(): Promise<Lot<Row> | undefined>
  /** The lot has arrived. */
  finish(token: string): Promise<void>
  backlog(): Promise<Backlog>
}

/** Where rows wait, in our own SQL. */
export interface OutboxTables {
  readonly rows: string
  readonly lots: string
  /** Which rows wait. */
  readonly waiting: string
  /** The columns as ClickHouse takes them. */
  readonly columns: string
  /** What becomes of the rows `id IN (SELECT unnest(ids) FROM flushed)`. */
  readonly handed: string
}

/** @param lotSize rows at most */
export function outbox<Row>(database: Database, tables: OutboxTables, lotSize: number): Outbox<Row> {
  const { rows: table, lots, waiting, columns, handed } = tables
  return {
    nextLot: async () => {
      const [lot] = await database.transaction(async (transaction) => {
        // A worker whose lease ran out while it stood still must not put the same rows into a second lot.
        await transaction.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`batchsender ${lots}`])
        return transaction.query<{ token: string; ids: string[] }>(
          `WITH begun AS (SELECT token, ids FROM ${lots} ORDER BY created_at LIMIT 1),
           rows AS (SELECT id FROM ${table} WHERE ${waiting} AND NOT EXISTS (SELECT FROM begun) ORDER BY id LIMIT $1),
           new AS (
             INSERT INTO ${lots} (token, ids) SELECT gen_random_uuid(), array_agg(id ORDER BY id) FROM rows
             HAVING count(*) > 0 RETURNING token, ids)
           SELECT token, ids FROM begun UNION ALL SELECT token, ids FROM new`,
          [lotSize],
        )
      })
      if (lot === undefined) return undefined
      const rows = await database.query<Row & QueryResultRow>(
        `SELECT ${columns} FROM ${table} WHERE id = ANY($1) ORDER BY id`,
        [lot.ids],
      )
      return { token: lot.token, rows }
    },
    finish: async (token) => {
      await database.query(`WITH flushed AS (DELETE FROM ${lots} WHERE token = $1 RETURNING ids) ${handed}`, [
        token,
      ])
    },
    backlog: async () => {
      const [row] = await database.query<{ rows: number; since: Date | null; seconds: number | null }>(
        `SELECT rows, since, extract(epoch FROM now() - since)::float8 AS seconds FROM (
           SELECT COALESCE(max(id) - min(id) + 1, 0)::float8 AS rows,
             (SELECT at FROM ${table} WHERE ${waiting} ORDER BY id LIMIT 1) AS since
           FROM ${table} WHERE ${waiting}) AS backlog`,
      )
      const { rows = 0, since = null, seconds = null } = row ?? {}
      return { rows, oldestSeconds: Math.max(0, seconds ?? 0), ...(since && { since }) }
    },
  }
}

/** An instant as ClickHouse reads it: UTC, `YYYY-MM-DD HH:MM:SS.mmm`. */
export const clickhouseInstant = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')`
