/** The BatchSenders that a command is about. */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { isUnknownKind } from '../../src/runtime/errors.ts'
import { BatchSender } from '../../src/vocabulary/kinds.ts'
import { Failure } from '../cli/failure.ts'
import type { Cluster } from './cluster.ts'

/** As the API server has it. */
export interface Seen {
  readonly name: string
  readonly namespace: string
  readonly generation: number
  readonly spec: BatchSenderSpec
  readonly status: BatchSenderStatus
  readonly raw: KubernetesObject
}

const NOT_INSTALLED =
  'this cluster has no BatchSenders: the definition is not installed, or you look at another cluster (kubectl config current-context)'

export async function senderNamed(cluster: Cluster, name: string): Promise<Seen> {
  const found = await cluster.get(BatchSender, name)
  if (found) return seenOf(found)
  // Tells a definition that is missing from an object that is.
  const others = await sendersIn(cluster, cluster.namespace)
  const names = others.map((one) => one.name).join(', ')
  throw new Failure(
    `there is no BatchSender ${name} in namespace ${cluster.namespace}${names === '' ? '' : `, but ${names}`}: kubectl get bs -A lists all`,
  )
}

export async function sendersIn(cluster: Cluster, namespace: string | undefined): Promise<readonly Seen[]> {
  try {
    return (await cluster.list(BatchSender, namespace)).map(seenOf)
  } catch (error) {
    if (isUnknownKind(error)) throw new Failure(NOT_INSTALLED)
    throw error
  }
}

export function seenOf(raw: KubernetesObject): Seen {
  const { name, namespace = '', generation = 0 } = raw.metadata
  // The seam between raw JSON and the types of the schema, which the API server keeps.
  return {
    name,
    namespace,
    generation,
    spec: raw['spec'] as BatchSenderSpec,
    status: raw['status'] ?? {},
    raw,
  }
}
