/** What the API server would make of an edit of a BatchSender: with its defaults and rules, and without keeping it. */
import type { KubernetesObject } from '../../src/runtime/object.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { parseAllDocuments } from 'yaml'
import { KIND } from '../../../crds/schema/batchsender.ts'
import { equal, isRecord } from '../../src/runtime/fieldValues.ts'
import { BatchSender } from '../../src/vocabulary/kinds.ts'
import { Failure, misuse } from '../cli/failure.ts'

/** Which writer the edit would be by. */
export interface Applying {
  readonly serverSide: boolean
  readonly manager: string
  readonly force: boolean
}

export interface Edit {
  /** As it is; `undefined` when there is none yet. */
  readonly live: KubernetesObject | undefined
  readonly edited: KubernetesObject
  /** `kubectl apply`, as which it was tried. */
  readonly as: string
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The one BatchSender in a file. @throws Failure */
export function manifestIn(text: string, file: string): KubernetesObject {
  const documents = parseAllDocuments(text)
  const fault = documents.flatMap(({ errors }) => errors)[0]
  if (fault) throw misuse(`${file} is no YAML: ${fault.message.split('\n')[0] ?? ''}`)
  const found = documents
    .map((document) => document.toJS() as unknown)
    .filter((value): value is KubernetesObject => isRecord(value) && value['kind'] === KIND)
  const [only, ...more] = found
  if (!only) throw misuse(`${file} has no object of kind ${KIND}`)
  if (more.length > 0) throw misuse(`${file} has ${found.length} BatchSenders: one file for each`)
  if (!isRecord(only.metadata) || typeof only.metadata.name !== 'string')
    throw misuse(`the BatchSender in ${file} has no metadata.name`)
  return only
}

export async function editByManifest(
  cluster: Cluster,
  manifest: KubernetesObject,
  { serverSide, manager, force }: Applying,
): Promise<Edit> {
  const { name } = manifest.metadata
  const object = { ...manifest, metadata: { ...manifest.metadata, namespace: cluster.namespace } }
  const live = await cluster.get(BatchSender, name)
  const last = live?.metadata.annotations?.[LAST_APPLIED]
  if (!live || last === undefined || serverSide) {
    const edited = await cluster.dryApply(BatchSender, object, { manager, force })
    return { live, edited, as: 'kubectl apply --server-side' }
  }
  const patch = threeWay(JSON.parse(last) as unknown, object, live)
  return {
    live,
    edited: await cluster.merge(BatchSender, name, patch, { dryRun: true }),
    as: 'kubectl apply',
  }
}

export async function editByPatch(cluster: Cluster, name: string, text: string): Promise<Edit> {
  const patch = parsed(text)
  const live = await cluster.get(BatchSender, name)
  if (!live) throw new Failure(`there is no BatchSender ${name} in namespace ${cluster.namespace} to patch`)
  const edited = await cluster.merge(BatchSender, name, patch, { dryRun: true })
  return { live, edited, as: 'kubectl patch --type=merge' }
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw misuse(`--patch must be a JSON object such as '{"spec":{"worker":{"replicas":3}}}'`)
}

/** The merge patch of `kubectl apply`: what is wanted otherwise, and what was applied before and is wanted no more. */
export function threeWay(last: unknown, wanted: KubernetesObject, live: KubernetesObject): object {
  const patch = patchBetween(last, wanted, live)
  return isRecord(patch) ? patch : {}
}

function patchBetween(last: unknown, wanted: unknown, live: unknown): unknown {
  if (!isRecord(wanted)) return wanted
  const gone = isRecord(last)
    ? Object.keys(last).filter((name) => !(name in wanted) && isRecord(live) && name in live)
    : []
  const below = (value: unknown, name: string) => (isRecord(value) ? value[name] : undefined)
  const changed = Object.entries(wanted)
    .filter(([name, value]) => isRecord(value) || !equal(below(live, name), value))
    .map(([name, value]) => [name, patchBetween(below(last, name), value, below(live, name))] as const)
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...Object.fromEntries(changed) }
}
