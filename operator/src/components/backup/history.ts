/** What is known of backups: what Jobs reported, laid over what the status remembers of Jobs that are gone. */
import type { BackupEvidence } from '../../../../crds/schema/status.ts'
import type { BackupReport, JobReport, VerifyReport } from '../../../../crds/jobReports.ts'
import type { JobRun, Snapshot } from '../snapshot.ts'
import { hasFailed } from '../../../../crds/jobReports.ts'

type Made = NonNullable<BackupEvidence['last']>
type Verified = NonNullable<BackupEvidence['verified']>
type Failure = NonNullable<BackupEvidence['failures']>[number]

export function backupHistory({ sender, runs }: Pick<Snapshot, 'sender' | 'runs'>): BackupEvidence {
  const known = sender.status.evidence?.backup ?? {}
  const reports = runs.flatMap((run) => run.reports)
  const made = [...reports.filter(isBackup).map(madeOf), ...present(known.last), ...present(known.lastFull)]
  const last = newest(made)
  const lastFull = newest(made.filter(({ kind }) => kind === 'full'))
  const verified = newest([...reports.filter(isVerify).map(verifiedOf), ...present(known.verified)])
  const failures = openFailures(
    { sender, runs },
    { backup: last, verify: verified, retention: retained(reports) },
  )
  return {
    ...(last && { last }),
    ...(lastFull && { lastFull }),
    ...(verified && { verified }),
    ...(failures.length > 0 && { failures }),
  }
}

type Ended = { readonly completedAt: string } | undefined

/** Those that were not followed by a success of the same kind. */
function openFailures(
  { sender, runs }: Pick<Snapshot, 'sender' | 'runs'>,
  succeeded: Readonly<Record<Failure['job'], Ended>>,
): Failure[] {
  const known = sender.status.evidence?.backup?.failures ?? []
  return newestOfEach([...runs.flatMap(failureOf), ...known]).filter(
    ({ job, failedAt }) => failedAt > (succeeded[job]?.completedAt ?? ''),
  )
}

function retained(reports: readonly JobReport[]): Ended {
  return newest(
    reports.flatMap((report) => (report.job === 'retention' && !hasFailed(report) ? [report] : [])),
  )
}

const present = <Value>(value: Value | undefined): Value[] => (value === undefined ? [] : [value])

const isBackup = (report: JobReport): report is BackupReport => report.job === 'backup' && !hasFailed(report)
const isVerify = (report: JobReport): report is VerifyReport => report.job === 'verify' && !hasFailed(report)

/** Instants of one form are in order as text. */
function newest<Entry extends { readonly completedAt: string }>(
  entries: readonly Entry[],
): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (last, entry) => (last === undefined || entry.completedAt > last.completedAt ? entry : last),
    undefined,
  )
}

function madeOf({
  backup,
  kind,
  cutoff,
  completedAt,
  sizeBytes,
  rows,
  partitions,
  hash,
}: BackupReport): Made {
  return { name: backup, kind, cutoff, completedAt, sizeBytes, rows, partitions, hash }
}

function verifiedOf({ backup, completedAt, rows, partitions, hash }: VerifyReport): Verified {
  return { name: backup, completedAt, rows, partitions, hash }
}

/** Only of a run that has given up: a single attempt may fail. */
function failureOf({ state, component, endedAt, reports, name }: JobRun): Failure[] {
  if (state !== 'failed' || !endedAt) return []
  const said = reports.filter(hasFailed).at(-1)
  const job = JOBS.find((candidate) => candidate === (said?.job ?? component))
  if (!job) return []
  const about = said?.backup === undefined ? '' : `${said.backup}: `
  const message = said
    ? `${about}${said.error}`
    : `Job ${name} failed and left no report: see its pods and events`
  return [{ job, failedAt: `${endedAt.toISOString().slice(0, 19)}Z`, message }]
}

const JOBS = ['backup', 'verify', 'retention'] as const

function newestOfEach(failures: readonly Failure[]): Failure[] {
  const sorted = [...failures].sort((left, right) => left.failedAt.localeCompare(right.failedAt))
  const byJob = new Map(sorted.map((failure) => [failure.job, failure]))
  return JOBS.flatMap((job) => byJob.get(job) ?? [])
}
