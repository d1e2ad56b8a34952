/** What a Job says of itself in its termination message: written by the worker, read by the operator as untrusted. */
import type { Static } from 'typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import Type from 'typebox'
import { JOB_NAMES, JOBS, type JobName, type JobResult } from './jobs/index.ts'
import { backupName, instant } from './jobs/job.ts'
import { stringEnum } from './schema/structural.ts'

/** The kubelet keeps no more of a termination message. */
export const MOST_REPORT_BYTES = 4_096

export const FailureReport = Type.Object(
  {
    job: stringEnum(JOB_NAMES),
    failedAt: instant,
    /** The backup that was verified, where it is about one. */
    backup: Type.Optional(backupName),
    error: Type.String({ minLength: 1, maxLength: 1_000 }),
  },
  { additionalProperties: false },
)
export type FailureReport = Static<typeof FailureReport>

export type JobReport = { [Name in JobName]: JobResult<Name> }[JobName] | FailureReport

/** Compiled when the first report comes: that takes megabytes, and many have no Jobs. */
let validators: readonly ValidateFunction<JobReport>[] | undefined

/** @returns `undefined` for anything that is not a report, whatever it is */
export function parseJobReport(text: string): JobReport | undefined {
  if (Buffer.byteLength(text) > MOST_REPORT_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  validators ??= compiled()
  for (const validate of validators) if (validate(value)) return value
  return undefined
}

function compiled(): readonly ValidateFunction<JobReport>[] {
  const ajv = new Ajv()
  const schemas = [...JOB_NAMES.map((name) => JOBS[name].report), FailureReport]
  return schemas.map((schema) => ajv.compile<JobReport>(schema))
}

export const hasFailed = (report: JobReport): report is FailureReport => 'failedAt' in report
