/** Follows one Job of a BatchSender to its end. */
import type { JobName } from '../../../crds/jobs/index.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Look } from './wait.ts'
import { Job, Pod } from '../../src/vocabulary/kinds.ts'
import { Failure } from '../cli/failure.ts'
import { senderNamed, type Seen } from '../cluster/senders.ts'
import { jobState } from './job.ts'

export interface Followed {
  readonly sender: string
  readonly job: string
  /** What the status calls it. */
  readonly kind: JobName
  /** Whether the status tells of its success. */
  readonly isTold: (seen: Seen) => boolean
}

/** @throws Failure with the sentence of the status when it failed */
export async function lookAtJob(
  cluster: Cluster,
  { sender, job, kind, isTold }: Followed,
): Promise<Look<Seen>> {
  const seen = await senderNamed(cluster, sender)
  if (isTold(seen)) return { done: true, value: seen }
  const object = await cluster.get(Job, job)
  if (!object) return { done: false, progress: `Job ${job} is not there yet` }
  const pods = await cluster.list(Pod, cluster.namespace, { labels: `batch.kubernetes.io/job-name=${job}` })
  const state = jobState(object, pods)
  if (state.state === 'failed')
    throw new Failure(`Job ${job} failed: ${reasonOf(seen, kind) ?? state.message}`)
  if (state.state === 'running') return { done: false, progress: state.progress }
  return { done: false, progress: `Job ${job} is done; the operator has not seen what became of it yet` }
}

function reasonOf({ status }: Seen, kind: JobName): string | undefined {
  const { failures = [] } = status.evidence?.backup ?? {}
  return failures.find(({ job }) => job === kind)?.message
}
