/** The Job that restores backups of ClickHouse and compares them. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { backupName, CLICKHOUSE, COMMON, FIGURES, instant, type Job } from './job.ts'

const VerifySettings = Type.Object({ ...COMMON, ...CLICKHOUSE }, { additionalProperties: false })
export type VerifySettings = Static<typeof VerifySettings>

const VerifyReport = Type.Object(
  { job: Type.Literal('verify'), backup: backupName, completedAt: instant, ...FIGURES },
  { additionalProperties: false },
)
export type VerifyReport = Static<typeof VerifyReport>

export const verify = {
  modes: [],
  who: 'a verification',
  settings: VerifySettings,
  report: VerifyReport,
} as const satisfies Job
