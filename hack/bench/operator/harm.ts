/** What somebody else does to children, and when that is healed. */
import type { KubernetesObject, Resource } from '../../../operator/src/runtime/object.ts'
import type { Plane } from './plane.ts'
import { compareResourceVersions, joinKey, pathOf } from '../../../operator/src/runtime/object.ts'
import { isAsDesired } from './checker.ts'
import { BENCH, childrenOf, EDITS } from './fixture.ts'
import { NAMESPACE } from './plane.ts'

/** @returns what tells a later object from the one that was harmed. */
export type Harm = (
  plane: Plane,
  kind: Resource,
  name: string,
) => Promise<(object: KubernetesObject) => boolean>

const DEADLINE_MS = 30_000

/** @returns milliseconds from the server's answer. @throws Error when it is not healed in time. */
export async function healed(
  plane: Plane,
  kind: Resource,
  name: string,
  harm: Harm,
  deadlineMs = DEADLINE_MS,
): Promise<number> {
  const desired = desiredOf(plane, kind, name)
  const isLater = await harm(plane, kind, name)
  const answeredAt = performance.now()
  const isHealed = (object: KubernetesObject) => isLater(object) && isAsDesired(object, desired)
  const healedAt = await plane.observer.when(kind.kind, joinKey(NAMESPACE, name), isHealed, deadlineMs)
  if (healedAt === undefined)
    throw new Error(`${kind.kind} ${name} was not healed in ${deadlineMs / 1_000} s`)
  // A watch may be faster than the answer.
  return Math.max(0, healedAt - answeredAt)
}

/** Deletes, and tells a successor from what was deleted. */
export async function remove({ client, observer }: Plane, kind: Resource, name: string) {
  const uid = observer.get(kind.kind, joinKey(NAMESPACE, name))?.metadata.uid
  await client.request({
    method: 'DELETE',
    path: pathOf(kind, NAMESPACE, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
  })
  return ({ metadata }: KubernetesObject) => metadata.uid !== uid
}

/** Edits a field that the operator owns, and tells a later version from the edited one. */
export async function edit({ client }: Plane, kind: Resource, name: string) {
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

export function desiredOf({ observer }: Plane, kind: Resource, name: string): KubernetesObject {
  const bench = observer.get(BENCH.kind, joinKey(NAMESPACE, name))
  const desired = bench && childrenOf(bench).find((child) => child.kind === kind.kind)
  if (!desired) throw new Error(`${kind.kind} ${name} belongs to nobody`)
  return desired
}
