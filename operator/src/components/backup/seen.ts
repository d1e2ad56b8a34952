/** What was seen of backups, in ClickHouse and at their destination. */
import type { ClickhouseFault } from '../parts/clickhouseSeen.ts'

declare module '../snapshot.ts' {
  interface Evidence {
    readonly backups?: Sighting<BackupsSeen>
  }
}

/** What ClickHouse and the destination said of backups. */
export type BackupsSeen =
  | { readonly reached: false; readonly fault: ClickhouseFault }
  | {
      readonly reached: true
      /** The newest that the list of the server has, of each kind; newest first. */
      readonly made: readonly BackupSeen[]
      /** Of those that were asked for, the names whose manifest is at the destination. Sorted. */
      readonly stored: readonly string[]
      /** The last check of each backup, newest first. */
      readonly checks: readonly BackupCheckSeen[]
    }

export interface BackupSeen {
  readonly name: string
  readonly cutoff: Date
  readonly completedAt: Date
  readonly sizeBytes: number
  readonly rows: number
  readonly partitions: number
  readonly hash: string
  /** The server itself has a record of making it, or was restarted since. */
  readonly witnessed: boolean
}

export interface BackupCheckSeen {
  readonly name: string
  readonly checkedAt: Date
  readonly rows: number
  readonly partitions: number
  readonly hash: string
  /** Why it could not be restored, or what differed; absent when all was equal. */
  readonly error?: string
  /** The server itself has a record of restoring it, or was restarted since. */
  readonly witnessed: boolean
}
