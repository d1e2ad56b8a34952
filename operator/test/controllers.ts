/** What Kubernetes' controllers, kubelets and a gateway would have made of objects by now: a test's control plane has none. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../src/runtime/errors.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { gatewayStatus } from '../src/testing/gatewayStatus.ts'
import type { Harness } from './harness.ts'

const EVERY_MS = 100

type Cluster = Pick<Harness, 'api' | 'namespace'>
type StatusOf = (object: KubernetesObject) => Promise<object | undefined> | object | undefined

/**
 * Every workload in the namespace of the present test comes to its end, again and again, until it is told to stop.
 *
 * @param statefulset where its pods are run, `deployment` and `job` where they are; else they are as good as there, and done
 * @param gateway whether routes and their policies are accepted, in a control plane that has these kinds
 */
export function runControllers(
  cluster: Cluster,
  {
    deployment = rolledOut,
    statefulset = rolledOut,
    job = ended,
    gateway = false,
  }: {
    readonly deployment?: StatusOf
    readonly statefulset?: StatusOf
    readonly job?: StatusOf
    readonly gateway?: boolean
  } = {},
): { stop(): Promise<void> } {
  const played: readonly Played[] = [
    { kind: 'deployment', plural: 'deployments', statusOf: deployment },
    { kind: 'statefulset', plural: 'statefulsets', statusOf: statefulset },
    { kind: 'job', plural: 'jobs', statusOf: job },
    ...(gateway ? GATEWAY : []),
  ]
  const stopping = new AbortController()
  const { namespace } = cluster
  const done = (async () => {
    while (!stopping.signal.aborted) {
      for (const each of played) await settle(cluster, namespace, each)
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

interface Played {
  readonly kind: string
  readonly plural: string
  readonly statusOf: StatusOf
}

const GATEWAY: readonly Played[] = [
  { kind: 'httproute', plural: 'httproutes', statusOf: accepted },
  { kind: 'backendtrafficpolicy', plural: 'backendtrafficpolicies', statusOf: accepted },
]

async function settle(
  { api }: Cluster,
  namespace: string,
  { kind, plural, statusOf }: Played,
): Promise<void> {
  for (const object of await api.list(plural, namespace)) {
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

/** By whatever Gateway is asked for. */
function accepted(object: KubernetesObject): object | undefined {
  const said = JSON.stringify(object['status'] ?? {})
  const isOld = !said.includes(`"observedGeneration":${object.metadata.generation ?? 0}`)
  return isOld ? gatewayStatus(object) : undefined
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
