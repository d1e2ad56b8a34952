/** The outbox of events: rows are put into lots whose boundaries are kept, so that a lot is the same at every try. */
import type { Queryable } from './database.ts'

export interface EventRow {
  /** UTC, `YYYY-MM-DD HH:MM:SS.mmm`. */
  readonly event_time: string
  readonly batch_id: string
  readonly recipient: string
  readonly event: string
  readonly attempt: number
  readonly provider: string
  readonly provider_message_id: string
  readonly error_class: string
  readonly error_code: string
}

export interface Lot {
  /** Names the lot for ever. */
  readonly token: string
  readonly rows: readonly EventRow[]
}

export interface EventOutbox {
  /** The oldest lot that was begun, or a new one of the oldest rows; undefined when there is nothing. */
  nextLot(): Promise<Lot | undefined>
  /** The lot has arrived. */
  finish(token: string): Promise<void>
  backlog(): Promise<{ readonly rows: number; readonly oldestSeconds: number }>
}

/** @param lotSize rows at most */
export function eventOutbox(database: Queryable, lotSize: number): EventOutbox {
  return {
    nextLot: async () => {
      const [lot] = await database.query<{ token: string; ids: string[] }>(
        `WITH begun AS (SELECT token, ids FROM event_flush ORDER BY created_at LIMIT 1),
         rows AS (SELECT id FROM event WHERE NOT EXISTS (SELECT FROM begun) ORDER BY id LIMIT $1),
         new AS (
           INSERT INTO event_flush (token, ids) SELECT gen_random_uuid(), array_agg(id ORDER BY id) FROM rows
           HAVING count(*) > 0 RETURNING token, ids)
         SELECT token, ids FROM begun UNION ALL SELECT token, ids FROM new`,
        [lotSize],
      )
      if (lot === undefined) return undefined
      const rows = await database.query<EventRow & Record<string, unknown>>(
        `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') AS event_time, batch_id, recipient, event,
           attempt, provider, COALESCE(provider_message_id, '') AS provider_message_id,
           COALESCE(error_class, '') AS error_class, COALESCE(error_code, '') AS error_code
         FROM event WHERE id = ANY($1) ORDER BY id`,
        [lot.ids],
      )
      return { token: lot.token, rows }
    },
    finish: async (token) => {
      await database.query(
        `WITH flushed AS (DELETE FROM event_flush WHERE token = $1 RETURNING ids)
         DELETE FROM event WHERE id IN (SELECT unnest(ids) FROM flushed)`,
        [token],
      )
    },
    backlog: async () => {
      const [row] = await database.query<{ rows: number; seconds: number }>(
        `SELECT COALESCE(max(id) - min(id) + 1, 0)::float8 AS rows,
           COALESCE(extract(epoch FROM now() - (SELECT at FROM event ORDER BY id LIMIT 1)), 0)::float8 AS seconds
         FROM event`,
      )
      return { rows: row?.rows ?? 0, oldestSeconds: Math.max(0, row?.seconds ?? 0) }
    },
  }
}
