/** Where pods may run and what the user adds to them: the workers', and with few exceptions everybody's. */
import type { V1PodSpec, V1Toleration, V1TopologySpreadConstraint } from '@kubernetes/client-node'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { WorkerSpec } from '../../../../crds/schema/worker.ts'
import type { Sender } from '../snapshot.ts'
import type { Raw } from './manifests.ts'
import { labels, selectorLabels } from './labels.ts'

type Placement = Pick<
  WorkerSpec,
  | 'affinity'
  | 'imagePullSecrets'
  | 'nodeSelector'
  | 'podAnnotations'
  | 'podLabels'
  | 'priorityClassName'
  | 'tolerations'
>

type PlacedSpec = Raw<
  Pick<V1PodSpec, 'affinity' | 'imagePullSecrets' | 'nodeSelector' | 'priorityClassName' | 'tolerations'>
>

/** Of the migration and of backups: what the worker's affinity says of its neighbours is not about them. */
export function jobPlacement({ worker }: BatchSenderSpec): Placement {
  const { affinity, ...others } = worker
  const nodes = nodeAffinity(affinity)
  return { ...others, ...(nodes && { affinity: nodes }) }
}

/** The worker's, unless `spec.nats.managed` says otherwise. */
export function natsPlacement(spec: BatchSenderSpec): Placement {
  return { ...jobPlacement(spec), ...spec.nats.managed }
}

function nodeAffinity(affinity: object | undefined): object | undefined {
  return affinity && 'nodeAffinity' in affinity ? { nodeAffinity: affinity.nodeAffinity } : undefined
}

/** What of the pod spec follows from it; the API server is the one to say what is wrong with what a user wrote. */
export function placed(placement: Placement): PlacedSpec {
  const { affinity, imagePullSecrets, nodeSelector, priorityClassName, tolerations } = placement
  return {
    ...(affinity && { affinity }),
    ...(imagePullSecrets && imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...(nodeSelector && { nodeSelector }),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(tolerations && { tolerations: [...(tolerations as readonly Raw<V1Toleration>[])] }),
  }
}

/** Ours win: what selects the pods must select them. */
export function podMetadata(
  sender: Sender,
  part: string,
  { podLabels, podAnnotations }: Placement,
  annotations: Readonly<Record<string, string>> = {},
) {
  const all = { ...podAnnotations, ...annotations }
  return {
    labels: { ...podLabels, ...labels(sender, part) },
    ...(Object.keys(all).length > 0 && { annotations: all }),
  }
}

/** @param given what the user wrote; unset, pods spread over nodes as far as possible */
export function spread(
  sender: Sender,
  part: string,
  given: readonly object[] | undefined,
): readonly Raw<V1TopologySpreadConstraint>[] {
  if (given) return given as readonly Raw<V1TopologySpreadConstraint>[]
  return [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: selectorLabels(sender, part) },
    },
  ]
}
