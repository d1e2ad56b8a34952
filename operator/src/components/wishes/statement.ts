/** Statements for ClickHouse. */
import type { ClickhouseAccess } from '../parts/clickhouse.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly statement: DesiredStatement
  }
}

/** What ClickHouse is to carry out; safe to repeat. */
export interface DesiredStatement {
  readonly type: 'statement'
  readonly access: ClickhouseAccess
  /** The table that it is about, or the database. */
  readonly subject: string
  /** One after the other. */
  readonly texts: readonly string[]
  /** What was found to be otherwise: the reason of the event. */
  readonly reason: string
  /** The same in words. */
  readonly message: string
}
