/** A backup that should have been made by now, and was not. */
import type { BackupEvidence } from '../../../../crds/schema/status.ts'
import type { CronJobManifest } from '../parts/manifests.ts'
import { lastFire, longestPauseMs } from './schedules.ts'

/** Time to do it in; the pause until the next one, where that is shorter. */
const GRACE_MS = 3_600_000

export interface Watched {
  readonly schedule: string
  readonly timeZone: string
  /** The CronJob as it is in the cluster. */
  readonly cronJob: CronJobManifest | undefined
  readonly last: BackupEvidence['last']
}

/** @returns when the missed backup was due */
export function missedAt({ schedule, timeZone, cronJob, last }: Watched, now: Date): Date | undefined {
  if (!cronJob) return undefined
  const graceMs = Math.min(GRACE_MS, longestPauseMs([schedule], timeZone, now))
  const due = lastFire(schedule, timeZone, new Date(now.getTime() - graceMs))
  const madeAt = new Date(cronJob.metadata.creationTimestamp ?? now)
  if (!due || due < madeAt) return undefined
  return last && new Date(last.completedAt) >= due ? undefined : due
}
