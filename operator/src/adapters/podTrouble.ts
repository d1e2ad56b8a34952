/**
 * Why a pod does not run, from its status. Pure. The kubelet changes its words with every try (`ErrImagePull`,
 * `ImagePullBackOff`, "back-off 40s"), so they are put into ours, which stay the same while the trouble does.
 */
import type { KubernetesObject } from '../runtime/object.ts'

interface ContainerStatus {
  readonly name: string
  readonly image?: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
}

interface PodStatus {
  readonly phase?: string
  readonly reason?: string
  readonly message?: string
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason?: string
    readonly message?: string
  }[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly containerStatuses?: readonly ContainerStatus[]
}

const IMAGE: readonly string[] = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName']
const CONFIGURATION: readonly string[] = [
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]

/** @returns a clause that goes behind `pod x `; `undefined` for a pod that runs, has run or is starting. */
export function podTrouble(pod: KubernetesObject): string | undefined {
  const status = (pod['status'] ?? {}) as PodStatus
  if (pod.metadata.deletionTimestamp !== undefined || status.phase === 'Succeeded') return undefined
  if (status.phase === 'Failed' && status.reason !== undefined) return `was ended: ${status.reason}`
  const unscheduled = status.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  )
  if (unscheduled) return `cannot be scheduled: ${unscheduled.message ?? unscheduled.reason ?? 'no node'}`
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  return containers.map(containerTrouble).find((trouble) => trouble !== undefined)
}

function containerTrouble(container: ContainerStatus): string | undefined {
  const { name, image = '', state, ready } = container
  const reason = state?.waiting?.reason ?? ''
  if (IMAGE.includes(reason)) return `cannot get image ${image}`
  if (CONFIGURATION.includes(reason))
    return `cannot start container ${name}: ${state?.waiting?.message ?? reason}`
  return ready === true ? undefined : crash(container)
}

/** One that was ended once may have been unlucky. */
const MOST_RESTARTS_TO_BEAR = 2

function crash({ name, state, lastState, restartCount = 0 }: ContainerStatus): string | undefined {
  const end = state?.terminated ?? lastState?.terminated
  if (end === undefined || end.exitCode === 0 || restartCount < MOST_RESTARTS_TO_BEAR) return undefined
  if (end.reason === 'OOMKilled')
    return `is ended again and again: container ${name} needs more memory than its limit`
  return `crashes again and again: container ${name} exits with code ${end.exitCode ?? 'unknown'}`
}
