/** What was seen of ClickHouse: its disks, and our tables and their parts. */
import type { ClickhouseReason } from '../../vocabulary/clickhouseErrors.ts'

declare module '../snapshot.ts' {
  interface Evidence {
    readonly clickhouse?: Sighting<ClickhouseSeen>
  }
}

/** What ClickHouse said of its disks and of our tables. */
export type ClickhouseSeen =
  | { readonly reached: false; readonly fault: ClickhouseFault }
  | {
      readonly reached: true
      readonly disks: readonly { readonly name: string; readonly broken: boolean }[]
      readonly policies: readonly StoragePolicy[]
      readonly tables: readonly TableSeen[]
    }

export interface ClickhouseFault {
  /** Which of our reasons the server's error code means. */
  readonly reason: ClickhouseReason
  /** First line of what the server said, without addresses. */
  readonly message: string
}

export interface StoragePolicy {
  readonly name: string
  /** In the order of their priority. */
  readonly volumes: readonly { readonly name: string; readonly disks: readonly string[] }[]
}

export interface TableSeen {
  readonly name: string
  /** Another one: another table of that name. */
  readonly uuid: string
  /** Rows of each partition that has any. */
  readonly partitions: readonly { readonly id: string; readonly rows: number }[]
  readonly storagePolicy: string
  /** `system.tables.engine_full`: the server's own spelling of engine, keys, TTL and settings. */
  readonly engineFull: string
  /** Work on old parts that is not done, and why it fails, if it does. */
  readonly mutation?: { readonly failure?: string }
  readonly parts: PartFigures
}

/** Active parts of one table, as its archive rule sees them. */
export interface PartFigures {
  /** Parts that do not know the rule: made before it. */
  readonly unaware: number
  /** Parts past their time and not on the disk; `since` is how long the longest has waited. */
  readonly due: { readonly parts: number; readonly bytes: number; readonly since?: Date }
  readonly cold: { readonly parts: number; readonly bytes: number; readonly rows: number }
  /** Parts on the disk before their time. */
  readonly early: number
}
