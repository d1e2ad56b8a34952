/** The Job that makes a backup of ClickHouse. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { stringEnum } from '../schema/structural.ts'
import { backupName, CLICKHOUSE, COMMON, figure, FIGURES, instant, type Job } from './job.ts'

export const BACKUP_KINDS = ['full', 'incremental'] as const
export type BackupKind = (typeof BACKUP_KINDS)[number]

const BackupSettings = Type.Object(
  {
    ...COMMON,
    ...CLICKHOUSE,
    checksumUsername: Type.Optional(Type.String({ minLength: 1 })),
    checksumPassword: Type.Optional(Type.String()),
    settleSeconds: Type.Integer({
      minimum: 0,
      maximum: 3_600,
      description: 'Rows younger than this are not counted: their insert may not be finished.',
    }),
  },
  { additionalProperties: false },
)
export type BackupSettings = Static<typeof BackupSettings>

const BackupReport = Type.Object(
  {
    job: Type.Literal('backup'),
    backup: backupName,
    kind: stringEnum(BACKUP_KINDS),
    base: Type.Optional(backupName),
    /** Everything that was written before this instant is in it. */
    cutoff: instant,
    completedAt: instant,
    sizeBytes: figure,
    ...FIGURES,
  },
  { additionalProperties: false },
)
export type BackupReport = Static<typeof BackupReport>

export const backup = {
  modes: BACKUP_KINDS,
  who: 'a backup',
  settings: BackupSettings,
  report: BackupReport,
} as const satisfies Job
