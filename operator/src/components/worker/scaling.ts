/** How many workers there are: what the spec says, or an autoscaler. */
import type { DeploymentManifest, HorizontalPodAutoscalerManifest } from '../parts/manifests.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import { childOf } from '../snapshot.ts'
import { childName } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { OPERATOR } from '../../vocabulary/labels.ts'
import { Deployment } from '../../vocabulary/kinds.ts'

const PART = 'worker'
const STANDARD_REPLICAS = 2
const STANDARD_CPU_PERCENT = 80

export interface Scale {
  /** Workers that there should be now. */
  readonly wanted: number
  /** As many as it takes to be well: while an autoscaler adds some, the others serve. */
  readonly needed: number
  /** What the Deployment is to be told; nothing once an autoscaler tells it. */
  readonly sent?: number
}

/**
 * Until an autoscaler has said a number, the Deployment keeps the one it has, so that to switch autoscaling on does not
 * stop workers.
 */
export function scaleOf(snapshot: Snapshot): Scale {
  const { replicas = STANDARD_REPLICAS, autoscaling } = snapshot.sender.spec.worker
  if (!autoscaling) return { wanted: replicas, needed: replicas, sent: replicas }
  const { minReplicas, maxReplicas } = autoscaling
  const live = childOf<DeploymentManifest>(snapshot, Deployment, childName(snapshot.sender, PART))
  const present = live?.spec?.replicas ?? minReplicas
  if (live && isSetByAnother(live)) return { wanted: present, needed: Math.min(minReplicas, present) }
  const wanted = Math.min(Math.max(present, minReplicas), maxReplicas)
  return { wanted, needed: minReplicas, sent: wanted }
}

export function autoscaler({ sender }: Snapshot): HorizontalPodAutoscalerManifest | undefined {
  const { autoscaling } = sender.spec.worker
  if (!autoscaling) return undefined
  const { minReplicas, maxReplicas, targetCpuPercent = STANDARD_CPU_PERCENT, metrics } = autoscaling
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(sender, PART),
    spec: {
      scaleTargetRef: {
        apiVersion: Deployment.apiVersion,
        kind: Deployment.kind,
        name: childName(sender, PART),
      },
      minReplicas,
      maxReplicas,
      // What metrics may hold is the API server's to judge.
      metrics: (metrics as Metrics | undefined) ?? [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCpuPercent } },
        },
      ],
    },
  }
}

type Metrics = NonNullable<NonNullable<HorizontalPodAutoscalerManifest['spec']>['metrics']>

function isSetByAnother({ metadata: { managedFields = [] } }: KubernetesObject): boolean {
  return managedFields.some(
    ({ manager, fieldsV1 }) => manager !== OPERATOR && fieldsV1?.['f:spec']?.['f:replicas'] !== undefined,
  )
}
