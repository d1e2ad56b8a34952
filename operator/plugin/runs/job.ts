/** How far a Job is, from itself and from the pods of it. Pure. */
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { podTrouble } from '../../src/adapters/podTrouble.ts'

export type JobState =
  | { readonly state: 'complete' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'running'; readonly progress: string }

interface JobStatus {
  readonly active?: number
  readonly failed?: number
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly message?: string
  }[]
}

export function jobState(job: KubernetesObject, pods: readonly KubernetesObject[]): JobState {
  const status = (job['status'] ?? {}) as JobStatus
  const end = (type: string) => status.conditions?.find((one) => one.type === type && one.status === 'True')
  if (end('Complete')) return { state: 'complete' }
  const failure = end('Failed')
  if (failure) return { state: 'failed', message: failure.message ?? 'its pods failed' }
  return { state: 'running', progress: `Job ${job.metadata.name} ${progressOf(status, pods)}` }
}

function progressOf({ active = 0, failed = 0 }: JobStatus, pods: readonly KubernetesObject[]): string {
  const attempt = failed === 0 ? '' : `, attempt ${failed + 1}`
  if (active === 0) return `has no pod yet${attempt}`
  const [trouble] = pods.flatMap((pod) => podTrouble(pod) ?? [])
  return `${trouble ?? 'runs'}${attempt}`
}
