/** What Kubernetes' controllers and kubelets would have made of workloads by now: the control plane of a test has none. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../src/runtime/errors.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import type { Harness } from './harness.ts'

const EVERY_MS = 100

type StatusOf = (object: KubernetesObject) => Promise<object | undefined> | object | undefined

/**
 * Every workload in the namespace of the present test comes to its end, again and again, until it is told to stop.
 *
 * @param statefulset where its pods are run, `deployment` and `job` where they are; else they are as good as there, and done
 */
export function runControllers(
  cluster: Harness,
  {
    deployment = rolledOut,
    statefulset = rolledOut,
    job = ended,
  }: { readonly deployment?: StatusOf; readonly statefulset?: StatusOf; readonly job?: StatusOf } = {},
): { stop(): Promise<void> } {
  const statusOf = { deployment, statefulset, job }
  const stopping = new AbortController()
  const { namespace } = cluster
  const done = (async () => {
    while (!stopping.signal.aborted) {
      for (const kind of ['deployment', 'statefulset', 'job'] as const)
        await settle(cluster, { namespace, kind }, statusOf[kind])
      await sleep(EVERY_MS)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await done
    },
  }
}

async function settle(
  { api }: Harness,
  { namespace, kind }: { readonly namespace: string; readonly kind: string },
  statusOf: StatusOf,
): Promise<void> {
  for (const object of await api.list(`${kind}s`, namespace)) {
    const status = await statusOf(object)
    if (!status || isSaid(object, status)) continue
    try {
      await api.patch({ kind, namespace, name: object.metadata.name, subresource: 'status' }, { status })
    } catch (error) {
      // Deleted, or deleted and made again, between the look and the write.
      if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) throw error
    }
  }
}

function isSaid(object: KubernetesObject, status: object): boolean {
  const present = (object['status'] ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(status).every(([name, value]) => present[name] === value)
}

export function rolledOut({ metadata, ...object }: KubernetesObject): object | undefined {
  const { replicas = 1 } = object['spec'] as { replicas?: number }
  const status = (object['status'] ?? {}) as { observedGeneration?: number; replicas?: number }
  if (status.observedGeneration === metadata.generation && status.replicas === replicas) return undefined
  return {
    observedGeneration: metadata.generation,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
  }
}

/** A Job that is suspended does not begin. */
export function ended(object: KubernetesObject): object | undefined {
  const { suspend = false } = object['spec'] as { suspend?: boolean }
  const { completionTime } = (object['status'] ?? {}) as { completionTime?: string }
  if (suspend || completionTime !== undefined) return undefined
  const now = new Date().toISOString()
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
  }))
  return { startTime: now, completionTime: now, succeeded: 1, conditions }
}
