/** The outbox of events: what became of each recipient, for ClickHouse. */
import type { Database } from './database.ts'
import { clickhouseInstant, outbox, type Outbox } from './outbox.ts'

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

const TABLES = {
  rows: 'event',
  lots: 'event_flush',
  waiting: 'true',
  columns: `${clickhouseInstant('at')} AS event_time, batch_id, recipient, event,
    attempt, provider, COALESCE(provider_message_id, '') AS provider_message_id,
    COALESCE(error_class, '') AS error_class, COALESCE(error_code, '') AS error_code`,
  handed: 'DELETE FROM event WHERE id IN (SELECT unnest(ids) FROM flushed)',
}

export const eventOutbox = (database: Database, lotSize: number): Outbox<EventRow> =>
  outbox(database, TABLES, lotSize)
