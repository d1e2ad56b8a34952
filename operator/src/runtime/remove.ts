/** Deletes one object under the rules of ownership: only what is controlled, and never its successor in its place. */
import type { KubernetesObject, OwnerReference, Resource } from './object.ts'
import type { Going } from './going.ts'
import type { Transport } from './transport.ts'
import { ApiError } from './errors.ts'
import { goingOf } from './going.ts'
import { controllerOf, pathOf } from './object.ts'

/** `absent`: there was nothing of the owner's to delete. */
export type Removal = { readonly state: 'removed' | 'absent' } | Going

/** @param live as the cache has it. */
export async function removeControlled(
  transport: Transport,
  resource: Resource,
  live: KubernetesObject | undefined,
  owner: OwnerReference,
  signal?: AbortSignal,
): Promise<Removal> {
  if (!live || controllerOf(live)?.uid !== owner.uid) return { state: 'absent' }
  if (live.metadata.deletionTimestamp !== undefined) return goingOf(live)
  const { namespace, name, uid } = live.metadata
  try {
    await transport.request({
      method: 'DELETE',
      path: pathOf(resource, namespace, name),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions: { uid },
      },
      ...(signal && { signal }),
    })
    return { state: 'removed' }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { state: 'absent' }
    throw error
  }
}
