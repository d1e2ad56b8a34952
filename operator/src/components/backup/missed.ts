/** A backup that should have been made by now, and was not. */
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { CronJobManifest } from '../parts/manifests.ts'
import type { JobRun } from '../snapshot.ts'
import { isIdle } from './idle.ts'
import { lastFire, longestPauseMs } from './schedules.ts'
import { scheduledSince } from './since.ts'

/** Time to do it in; the pause until the next one, where that is shorter. */
const GRACE_MS = 3_600_000

export interface Watched {
  readonly schedule: string
  readonly timeZone: string
  /** The CronJob as it is in the cluster. */
  readonly cronJob: CronJobManifest | undefined
  /** How long one may take; what has run for longer excuses nothing. */
  readonly deadlineMs: number
  readonly last: BackupEvidence['last']
  readonly runs: readonly JobRun[]
}

/** @returns when the missed backup was due, which is a time at which the CronJob had to make one */
export function missedAt(watched: Watched, now: Date): Date | undefined {
  const { schedule, timeZone, cronJob, last } = watched
  if (!cronJob) return undefined
  const graceMs = Math.min(GRACE_MS, longestPauseMs([schedule], timeZone, now))
  const due = lastFire(schedule, timeZone, new Date(now.getTime() - graceMs))
  // What an older schedule did not ask for is not missed.
  if (!due || due < scheduledSince(cronJob, now)) return undefined
  if (last && new Date(last.completedAt) >= due) return undefined
  return isUnderWay(watched, cronJob, now) ? undefined : due
}

/** Told of when it fails. */
function isUnderWay({ runs, deadlineMs }: Watched, { metadata }: CronJobManifest, now: Date): boolean {
  return runs.some(
    (run) =>
      run.state === 'running' &&
      run.name.startsWith(`${metadata.name}-`) &&
      now.getTime() - run.madeAt.getTime() < deadlineMs &&
      !isIdle(run, now),
  )
}
