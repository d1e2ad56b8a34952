/** What to do next about ClickHouse: its archive and its backups. Pure. */
import type { ReasonOf } from '../../../crds/schema/conditions.ts'
import {
  ANY,
  CREDENTIALS,
  DEPENDENT,
  LOSS,
  NOTHING,
  PODS,
  to,
  WAIT_A_MOMENT,
  LOOK_AGAIN,
  type Advised,
} from './adviceWords.ts'

const CLICKHOUSE = to(
  'See whether ClickHouse answers at spec.clickhouse.external.url, from the cluster.',
  'archive.md',
)
const ARCHIVE = to('Do what the message says in ClickHouse; the operator goes on by itself.', 'archive.md')
const STORAGE = to(
  'Give the server the disk and storage policy that the message names, or name others in spec.clickhouse.archive.',
  'archive.md#what-the-server-must-have',
)

type Store = 'ArchiveReady' | 'BackupReady'

export const STORE_ADVICE: { readonly [Type in Store]: Readonly<Record<ReasonOf<Type>, Advised>> } = {
  ArchiveReady: {
    ...ANY,
    DataLost: LOSS,
    Archiving: NOTHING,
    NotConfigured: NOTHING,
    EarlyCold: to(
      'Bring the partitions back, if they should be on the local disk.',
      'archive.md#bringing-partitions-back',
    ),
    NotObserved: LOOK_AGAIN,
    Unreachable: CLICKHOUSE,
    CredentialsRefused: CREDENTIALS,
    AccessDenied: to(
      'Grant what the message names; docs/clickhouse-rights.sql has all grants.',
      'clickhouse-rights.sql',
    ),
    TableMissing: WAIT_A_MOMENT,
    DiskNotFound: STORAGE,
    DiskBroken: to(
      'Mend the disk that the message names; parts wait where they are.',
      'archive.md#when-s3-is-away',
    ),
    PolicyNotFound: STORAGE,
    PolicyAmbiguous: to(
      'Name one in spec.clickhouse.archive.storagePolicy.',
      'archive.md#what-the-server-must-have',
    ),
    PolicyNotSuperset: STORAGE,
    PolicyDrift: WAIT_A_MOMENT,
    TTLDrift: WAIT_A_MOMENT,
    AuditNotArchived: to(
      'Have an administrator of ClickHouse carry out the statements in the message.',
      'audit.md',
    ),
    ForeignRule: ARCHIVE,
    RuleRefused: ARCHIVE,
    NotMaterialized: WAIT_A_MOMENT,
    MutationFailed: ARCHIVE,
    MoveLag: to(
      'See why parts do not move: disk space, the bucket, background moves of the server.',
      'archive.md#when-s3-is-away',
    ),
    ColdStorageUnavailable: to(
      'See whether the bucket answers the server; nothing is lost meanwhile.',
      'archive.md#when-s3-is-away',
    ),
    StatementRefused: ARCHIVE,
  },
  BackupReady: {
    ...DEPENDENT,
    DataLost: LOSS,
    Scheduled: NOTHING,
    NotConfigured: NOTHING,
    NotStarted: PODS,
    CredentialsRefused: CREDENTIALS,
    BackupMissed: to(
      'Make one now: kubectl batchsender backup NAME --wait, and see why the CronJob did not.',
      'runbooks/backup-too-old.md',
    ),
    BackupFailed: to(
      'Mend what the message says, then kubectl batchsender backup NAME --wait.',
      'runbooks/backup-too-old.md',
    ),
    RetentionFailed: to('Read why: kubectl batchsender logs NAME --component retention.', 'backup.md'),
    DestinationShared: to(
      'Give each BatchSender a place for backups of its own.',
      'backup.md#know-before-you-rely-on-it',
    ),
    ScheduleUnknown: to(
      'Correct the schedule or the time zone that the message names.',
      'backup.md#what-happens',
    ),
  },
}
