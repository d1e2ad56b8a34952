/** Jobs that reach the same: one NetworkPolicy is enough for those of a group, and one probe. */
import type { JobName } from '../../../../crds/jobs/index.ts'
import type { Sender } from '../snapshot.ts'
import { JOB_NAMES } from '../../../../crds/jobs/index.ts'
import { destinationsOf } from './destinations.ts'

export interface JobGroup {
  /** The first of them, whose name it has. */
  readonly name: JobName
  readonly jobs: readonly JobName[]
}

export const JOB_GROUPS: readonly JobGroup[] = [
  ...Map.groupBy(JOB_NAMES, (job) => destinationsOf(job).join(' ')).values(),
].flatMap((jobs) => jobs.slice(0, 1).map((name) => ({ name, jobs })))

/** Those with a Job that this BatchSender has. */
export function jobGroupsOf({ spec }: Pick<Sender, 'spec'>): readonly JobGroup[] {
  const backup = spec.clickhouse?.backup
  const has: Readonly<Record<JobName, boolean>> = {
    backup: backup !== undefined,
    verify: backup?.verify !== undefined,
    retention: backup?.retention !== undefined,
  }
  return JOB_GROUPS.filter(({ jobs }) => jobs.some((job) => has[job]))
}
