/** What Jobs report and lists say that what was looked at does not bear out: it is told, and counts for nothing. Pure. */
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { JobRun, Snapshot } from '../snapshot.ts'
import type { BackupSeen, BackupsSeen } from './seen.ts'
import type { JobReport } from '../../../../crds/jobReports.ts'
import type { BackupReport } from '../../../../crds/jobs/backup.ts'
import { hasFailed } from '../../../../crds/jobReports.ts'
import { parseBackupName } from '../../../../crds/backupName.ts'
import { isAhead, isTooYoung } from './instants.ts'

type Refused = NonNullable<BackupEvidence['refused']>[number]

type Reached = BackupsSeen & { readonly reached: true }

const MOST = 3

export function refusedReports(
  { runs, evidence, now }: Pick<Snapshot, 'runs' | 'evidence' | 'now'>,
  seen: BackupsSeen | undefined,
): readonly Refused[] {
  if (seen?.reached !== true) return []
  const lookedAt = evidence.backups?.lookedAt.getTime() ?? 0
  const listed = seen.made.flatMap((made) => doubtOf(made, now) ?? [])
  const reported = runs
    .filter(({ state, endedAt }) => state === 'complete' && endedAt !== undefined)
    .filter(({ endedAt }) => (endedAt?.getTime() ?? 0) < lookedAt)
    .flatMap((run) => refusalOf(run, seen))
    .sort((left, right) => (left.what < right.what ? 1 : -1))
  return [...listed, ...reported].slice(0, MOST)
}

/** A backup of the list that cannot be what it says. */
function doubtOf({ name, completedAt, cutoff, witnessed }: BackupSeen, now: Date): Refused | undefined {
  const what = `backup ${name.slice(0, 200)}`
  if ([completedAt, cutoff].some((at) => isAhead(at, now)))
    return { what, message: 'it is listed as made at a time that has not come' }
  const begunAt = parseBackupName(name)?.begunAt
  if (begunAt && isTooYoung(cutoff, begunAt))
    return { what, message: 'it is listed with rows from after it was begun' }
  return witnessed ? undefined : { what, message: 'it is listed, but the server has no record of making it' }
}

function refusalOf({ name, reports }: JobRun, seen: Reached): readonly Refused[] {
  const [why] = reports.flatMap((report) => contradiction(report, seen) ?? [])
  return why === undefined ? [] : [{ what: `Job ${name}`, message: why }]
}

/** Only the newest are in sight: a report of an older one may well be true. */
function contradiction(report: JobReport, seen: Reached): string | undefined {
  if (hasFailed(report) || report.job === 'retention') return undefined
  const told = Date.parse(report.completedAt)
  const isKnown = report.job === 'verify' ? isRestored(report.backup, told, seen) : isMade(report, told, seen)
  if (isKnown) return undefined
  return report.job === 'verify'
    ? `it reports that ${report.backup} was restored at ${report.completedAt}, of which the server has no record`
    : `it reports the backup ${report.backup} of ${report.completedAt}, of which the server has no record`
}

function isRestored(name: string, told: number, { checks }: Reached): boolean {
  const check = checks.find((one) => one.name === name && one.witnessed)
  const inTime = check !== undefined && told <= check.checkedAt.getTime() + SLACK_MS
  return inTime || isOlder(told, checks.at(-1)?.checkedAt)
}

/** Increments go out of sight long before full backups do. */
function isMade({ backup, kind }: BackupReport, told: number, { made }: Reached): boolean {
  const ofKind = made.filter(({ name }) => parseBackupName(name)?.kind === kind)
  const oldest = ofKind.at(-1) ?? made.at(-1)
  return (
    made.some(({ name, witnessed }) => name === backup && witnessed) || isOlder(told, oldest?.completedAt)
  )
}

/** Between what a Job notes and what the server does. */
const SLACK_MS = 60_000

const isOlder = (at: number, oldest: Date | undefined): boolean =>
  oldest !== undefined && at <= oldest.getTime() + SLACK_MS
