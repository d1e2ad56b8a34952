/** Jobs that failed and were not followed by a success of the same kind. Pure. */
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { JobRun, Sender, Snapshot } from '../snapshot.ts'
import { hasFailed } from '../../../../crds/jobReports.ts'
import { JOB_NAMES, type JobName } from '../../../../crds/jobs/index.ts'
import { instantOf } from '../parts/instants.ts'
import { backupWish } from './wish.ts'

type Failure = NonNullable<BackupEvidence['failures']>[number]
type Ended = { readonly completedAt: string } | undefined

/** @param succeeded the newest success of each kind that was seen where it happened */
export function openFailures(
  { sender, runs }: Pick<Snapshot, 'sender' | 'runs'>,
  succeeded: Readonly<Record<Exclude<JobName, 'retention'>, Ended>>,
): Failure[] {
  const known = sender.status.evidence?.backup?.failures ?? []
  const since: Readonly<Record<JobName, Ended>> = { ...succeeded, retention: retained(runs) }
  const asked = jobsOf(sender)
  return newestOfEach([...runs.flatMap(failureOf), ...known]).filter(
    ({ job, failedAt }) => asked.includes(job) && failedAt > (since[job]?.completedAt ?? ''),
  )
}

/** What nobody asks for any more would never succeed again. */
function jobsOf(sender: Sender): readonly JobName[] {
  const wish = backupWish(sender)
  const isAsked: Readonly<Record<JobName, boolean>> = {
    backup: true,
    verify: wish?.verify !== undefined,
    retention: wish?.retention !== undefined,
  }
  return JOB_NAMES.filter((job) => isAsked[job])
}

function retained(runs: readonly JobRun[]): Ended {
  const ends = runs.flatMap(({ reports }) =>
    reports.flatMap((report) => (report.job === 'retention' && !hasFailed(report) ? [report] : [])),
  )
  return ends.sort((left, right) => left.completedAt.localeCompare(right.completedAt)).at(-1)
}

/** As long as the schema has room for. */
const MOST_CHARACTERS = 1_024

/** Only of a run that has given up: a single attempt may fail. */
function failureOf({ state, component, endedAt, reports, name }: JobRun): Failure[] {
  if (state !== 'failed' || !endedAt) return []
  const said = reports.filter(hasFailed).at(-1)
  const job = JOB_NAMES.find((candidate) => candidate === component)
  if (!job) return []
  const about = said?.backup
  const message = said
    ? `${about === undefined ? '' : `${about}: `}${said.error}`
    : `Job ${name} failed and left no report: see its pods and events`
  const failedAt = instantOf(endedAt)
  return [
    {
      job,
      failedAt,
      ...(about !== undefined && { backup: about }),
      message: message.slice(0, MOST_CHARACTERS),
    },
  ]
}

function newestOfEach(failures: readonly Failure[]): Failure[] {
  const sorted = [...failures].sort((left, right) => left.failedAt.localeCompare(right.failedAt))
  const byJob = new Map(sorted.map((failure) => [failure.job, failure]))
  return JOB_NAMES.flatMap((job) => byJob.get(job) ?? [])
}
