/** What a Job says of itself in its termination message: written by the worker, read by the operator as untrusted. */
import type { Static } from 'typebox'
import { Ajv } from 'ajv'
import Type from 'typebox'
import { stringEnum } from './schema/structural.ts'

/** The kubelet keeps no more of a termination message. */
export const MOST_REPORT_BYTES = 4_096

const instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' })
const name = Type.String({ minLength: 1, maxLength: 200, pattern: '^[A-Za-z0-9-]+$' })
const figure = Type.Integer({ minimum: 0 })
const hash = Type.String({ pattern: '^[0-9a-f]{16}$', description: 'Over every table and partition.' })
const sentence = Type.String({ minLength: 1, maxLength: 1_000 })

export const BackupReport = Type.Object(
  {
    job: Type.Literal('backup'),
    backup: name,
    kind: stringEnum(['full', 'incremental']),
    base: Type.Optional(name),
    /** Everything that was written before this instant is in it. */
    cutoff: instant,
    completedAt: instant,
    sizeBytes: figure,
    rows: figure,
    partitions: figure,
    hash,
  },
  { additionalProperties: false },
)
export type BackupReport = Static<typeof BackupReport>

export const VerifyReport = Type.Object(
  {
    job: Type.Literal('verify'),
    backup: name,
    completedAt: instant,
    rows: figure,
    partitions: figure,
    hash,
  },
  { additionalProperties: false },
)
export type VerifyReport = Static<typeof VerifyReport>

export const RetentionReport = Type.Object(
  {
    job: Type.Literal('retention'),
    completedAt: instant,
    kept: figure,
    removed: figure,
    leftovers: figure,
  },
  { additionalProperties: false },
)
export type RetentionReport = Static<typeof RetentionReport>

export const FailureReport = Type.Object(
  {
    job: stringEnum(['backup', 'verify', 'retention']),
    failedAt: instant,
    /** The backup that was verified, where it is about one. */
    backup: Type.Optional(name),
    error: sentence,
  },
  { additionalProperties: false },
)
export type FailureReport = Static<typeof FailureReport>

export type JobReport = BackupReport | VerifyReport | RetentionReport | FailureReport

const ajv = new Ajv()
const schemas = [BackupReport, VerifyReport, RetentionReport, FailureReport]
const validators = schemas.map((schema) => ajv.compile<JobReport>(schema))

/** @returns `undefined` for anything that is not a report, whatever it is */
export function parseJobReport(text: string): JobReport | undefined {
  if (Buffer.byteLength(text) > MOST_REPORT_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  for (const validate of validators) if (validate(value)) return value
  return undefined
}

export const hasFailed = (report: JobReport): report is FailureReport => 'failedAt' in report
