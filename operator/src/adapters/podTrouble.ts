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
  return (
    placementTrouble(status) ??
    firstTrouble(status.initContainerStatuses) ??
    firstTrouble(status.containerStatuses)
  )
}

function placementTrouble({ conditions = [] }: PodStatus): string | undefined {
  const open = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  return open && `cannot be scheduled: ${open.message ?? open.reason ?? 'no node'}`
}

function firstTrouble(containers: readonly ContainerStatus[] = []): string | undefined {
  return containers.map(containerTrouble).find((trouble) => trouble !== undefined)
}

function containerTrouble(container: ContainerStatus): string | undefined {
  const { name, image = '', ready } = container
  const { reason = '', message = reason } = container.state?.waiting ?? {}
  if (IMAGE.includes(reason)) return `cannot get image ${image}`
  if (CONFIGURATION.includes(reason)) return `cannot start container ${name}: ${message}`
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
