/** What the spec says of backups, with its defaults. */
import type { ClickhouseAccess } from '../parts/clickhouse.ts'
import type { Sender } from '../snapshot.ts'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import { clickhouseAccess } from '../parts/clickhouse.ts'
import { parseDurationMs } from '../parts/durations.ts'

type BackupSpec = NonNullable<NonNullable<BatchSenderSpec['clickhouse']>['backup']>

export interface BackupWish {
  readonly access: ClickhouseAccess
  readonly database: string
  readonly collection: string
  readonly timeZone: string
  readonly full: string
  readonly incremental?: string
  readonly verify?: string
  readonly retention?: { readonly fullBackups: number; readonly bucket: Bucket }
  readonly rpoMs: number
  readonly rpo: string
  readonly resources?: object
}

export type Bucket = NonNullable<BackupSpec['destination']['s3']>

/** Old backups go every day, at an hour at which no full backup begins by default. */
export const RETENTION_SCHEDULE = '30 5 * * *'

const MOST_GRACE_MS = 300_000

/** How long the next backup may take to be made. */
export const graceMs = ({ rpoMs }: Pick<BackupWish, 'rpoMs'>): number => Math.min(MOST_GRACE_MS, rpoMs / 3)

/** How old the newest backup may be. */
export const freshnessMs = (wish: Pick<BackupWish, 'rpoMs'>): number => wish.rpoMs + graceMs(wish)

/** `undefined` when no backup is asked for. */
export function backupWish(sender: Pick<Sender, 'spec'>): BackupWish | undefined {
  const { clickhouse, objectives } = sender.spec
  const access = clickhouseAccess(sender)
  if (!access || !clickhouse?.backup) return undefined
  const rpo = objectives?.rpo ?? '15m'
  return {
    access,
    database: clickhouse.database ?? 'batchsender',
    collection: clickhouse.backup.destination.namedCollection,
    ...times(clickhouse.backup),
    ...kept(clickhouse.backup),
    rpoMs: parseDurationMs(rpo),
    rpo,
    ...(clickhouse.backup.resources && { resources: clickhouse.backup.resources }),
  }
}

function times(spec: BackupSpec): Pick<BackupWish, 'timeZone' | 'full' | 'incremental' | 'verify'> {
  return {
    timeZone: spec.timeZone ?? 'Etc/UTC',
    full: spec.schedule ?? '0 2 * * *',
    ...(spec.incrementalSchedule !== undefined && { incremental: spec.incrementalSchedule }),
    ...(spec.verify && { verify: spec.verify.schedule ?? '0 4 * * *' }),
  }
}

function kept({ retention, destination: { s3 } }: BackupSpec): Pick<BackupWish, 'retention'> {
  return retention && s3 ? { retention: { fullBackups: retention.fullBackups ?? 14, bucket: s3 } } : {}
}
