/** What Kubernetes' controllers would have made of an object by the end of a rehearsal: pods are as good as there, Jobs as good as done. Pure. */
import type { KubernetesObject } from '../../src/runtime/object.ts'

/** @returns the object with its status; the same object where there is nothing to do */
export function played(object: KubernetesObject): KubernetesObject {
  const status = statusOf(object)
  return status === undefined ? object : { ...object, status: { ...statusIn(object), ...status } }
}

interface Status {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly currentRevision?: string
  readonly updateRevision?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
}

const statusIn = (object: KubernetesObject) => (object['status'] ?? {}) as Status

function statusOf(object: KubernetesObject): Status | undefined {
  if (object.kind === 'Job') return done(object)
  return object.kind === 'Deployment' || object.kind === 'StatefulSet' ? rolledOut(object) : undefined
}

function rolledOut(object: KubernetesObject): (Status & object) | undefined {
  const { replicas = 1 } = (object['spec'] ?? {}) as { replicas?: number }
  const { generation = 1 } = object.metadata
  const seen = statusIn(object)
  const { updateRevision = 'rehearsed' } = seen
  const isThere = seen.observedGeneration === generation && seen.readyReplicas === replicas
  if (isThere && seen.currentRevision === seen.updateRevision) return undefined
  return {
    observedGeneration: generation,
    ...{ replicas, readyReplicas: replicas, updatedReplicas: replicas, availableReplicas: replicas },
    ...(object.kind === 'StatefulSet' && { currentRevision: updateRevision, updateRevision }),
  }
}

function done(object: KubernetesObject): Status | undefined {
  const { suspend = false } = (object['spec'] ?? {}) as { suspend?: boolean }
  const { conditions = [] } = statusIn(object)
  if (suspend || conditions.some(({ type }) => type === 'Complete' || type === 'Failed')) return undefined
  return { conditions: [...conditions, { type: 'Complete', status: 'True' }] }
}
