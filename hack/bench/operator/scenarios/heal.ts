/** Heal: children deleted and edited by somebody else; how long until each is as it should be again. */
import type { KubernetesObject, Resource } from '../../../../operator/src/runtime/object.ts'
import type { RunningContestant } from '../contestant.ts'
import type { Plane } from '../plane.ts'
import { compareResourceVersions, joinKey, pathOf } from '../../../../operator/src/runtime/object.ts'
import { isAsDesired } from '../checker.ts'
import { BENCH, CHILD_KINDS, childrenOf, EDITS } from '../fixture.ts'
import { NAMESPACE } from '../plane.ts'
import { percentile } from '../statistics.ts'
import { insistOnWork, nameOf } from './burst.ts'

interface Healing {
  readonly samples: number
  /** From the server's answer to the one who did it until the repaired object was seen. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface HealFigures {
  readonly deleted: Healing
  readonly edited: Healing
  /** All children of every twentieth object deleted at once. */
  readonly massDelete: { readonly children: number; readonly seconds: number }
}

const MOST_SAMPLES = 100
const DEADLINE_MS = 30_000
const MASS_SHARE = 0.05

/** @throws Error when something is not healed in time. */
export async function heal(plane: Plane, contestant: RunningContestant, count: number): Promise<HealFigures> {
  const measure = async () => {
    const samples = Math.min(count, MOST_SAMPLES)
    const deleted: number[] = []
    const edited: number[] = []
    for (let index = 0; index < samples; index += 1) {
      const kind = CHILD_KINDS[index % CHILD_KINDS.length] ?? CHILD_KINDS[0]
      deleted.push(await healed(plane, kind, nameOf(index), remove))
      edited.push(await healed(plane, kind, nameOf(index), edit))
    }
    const massDelete = await deleteMany(plane, Math.max(1, Math.floor(count * MASS_SHARE)))
    return { deleted: healingOf(deleted), edited: healingOf(edited), massDelete }
  }
  const figures = await Promise.race([measure(), contestant.failed])
  insistOnWork(plane)
  return figures
}

type Harm = (plane: Plane, kind: Resource, name: string) => Promise<(object: KubernetesObject) => boolean>

/** @returns milliseconds. */
async function healed(plane: Plane, kind: Resource, name: string, harm: Harm): Promise<number> {
  const desired = desiredOf(plane, kind, name)
  const isLater = await harm(plane, kind, name)
  const answeredAt = performance.now()
  const isHealed = (object: KubernetesObject) => isLater(object) && isAsDesired(object, desired)
  const healedAt = await plane.observer.when(kind.kind, joinKey(NAMESPACE, name), isHealed, DEADLINE_MS)
  if (healedAt === undefined)
    throw new Error(`${kind.kind} ${name} was not healed in ${DEADLINE_MS / 1_000} s`)
  // A watch may be faster than the answer.
  return Math.max(0, healedAt - answeredAt)
}

/** Deletes, and tells a successor from what was deleted. */
async function remove({ client, observer }: Plane, kind: Resource, name: string) {
  const uid = observer.get(kind.kind, joinKey(NAMESPACE, name))?.metadata.uid
  await client.request({
    method: 'DELETE',
    path: pathOf(kind, NAMESPACE, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
  })
  return ({ metadata }: KubernetesObject) => metadata.uid !== uid
}

/** Edits a field that the operator owns, and tells a later version from the edited one. */
async function edit({ client }: Plane, kind: Resource, name: string) {
  const { body } = await client.request<KubernetesObject>({
    method: 'PATCH',
    path: pathOf(kind, NAMESPACE, name),
    query: { fieldManager: 'somebody' },
    contentType: 'application/merge-patch+json',
    body: EDITS[kind.kind],
  })
  const { resourceVersion: edited = '' } = body.metadata
  return ({ metadata }: KubernetesObject) =>
    compareResourceVersions(metadata.resourceVersion ?? '', edited) > 0
}

async function deleteMany(plane: Plane, objects: number): Promise<HealFigures['massDelete']> {
  const startedAt = performance.now()
  const names = Array.from({ length: objects }, (_, index) => nameOf(index))
  const harms = names.flatMap((name) => CHILD_KINDS.map((kind) => healed(plane, kind, name, remove)))
  await Promise.all(harms)
  return { children: harms.length, seconds: (performance.now() - startedAt) / 1_000 }
}

function desiredOf({ observer }: Plane, kind: Resource, name: string): KubernetesObject {
  const bench = observer.get(BENCH.kind, joinKey(NAMESPACE, name))
  const desired = bench && childrenOf(bench).find((child) => child.kind === kind.kind)
  if (!desired) throw new Error(`${kind.kind} ${name} belongs to nobody`)
  return desired
}

function healingOf(values: readonly number[]): Healing {
  return { samples: values.length, p50Ms: percentile(values, 0.5), p99Ms: percentile(values, 0.99) }
}
