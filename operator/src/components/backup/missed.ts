/** A backup that should have been made by now, and was not. */
import type { BackupEvidence } from '../../../../crds/schema/status.ts'
import type { CronJobManifest } from '../parts/manifests.ts'
import type { JobRun } from '../snapshot.ts'
import { lastFire, longestPauseMs } from './schedules.ts'

/** Time to do it in; the pause until the next one, where that is shorter. */
const GRACE_MS = 3_600_000

export interface Watched {
  readonly schedule: string
  readonly timeZone: string
  /** The CronJob as it is in the cluster. */
  readonly cronJob: CronJobManifest | undefined
  readonly last: BackupEvidence['last']
  /** Of the component that makes them. */
  readonly runs: readonly Pick<JobRun, 'name' | 'state'>[]
}

/** @returns when the missed backup was due */
export function missedAt({ schedule, timeZone, cronJob, last, runs }: Watched, now: Date): Date | undefined {
  if (!cronJob) return undefined
  // One under way has its own deadline, and is told of when it fails.
  if (runs.some(({ name, state }) => state === 'running' && name.startsWith(`${cronJob.metadata.name}-`)))
    return undefined
  const graceMs = Math.min(GRACE_MS, longestPauseMs([schedule], timeZone, now))
  const due = lastFire(schedule, timeZone, new Date(now.getTime() - graceMs))
  if (!due || due < changedAt(cronJob, now)) return undefined
  return last && new Date(last.completedAt) >= due ? undefined : due
}

/** When somebody last changed what the CronJob is to do: a run that an older schedule did not ask for is not missed. */
function changedAt({ metadata }: CronJobManifest, now: Date): Date {
  const changes = (metadata.managedFields ?? []).filter(({ subresource }) => subresource === undefined)
  const times = [metadata.creationTimestamp ?? now, ...changes.flatMap(({ time }) => time ?? [])]
  return new Date(Math.max(...times.map((time) => new Date(time).getTime())))
}
