/** Deletes one object under the rules of ownership: only what is controlled, and never its successor in its place. */
import type { KubernetesObject, OwnerReference, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import { ApiError } from './errors.ts'
import { controllerOf, pathOf } from './object.ts'

/**
 * @param live as the cache has it.
 * @returns false when there was nothing of the owner's to delete.
 */
export async function removeControlled(
  transport: Transport,
  resource: Resource,
  live: KubernetesObject | undefined,
  owner: OwnerReference,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!live || controllerOf(live)?.uid !== owner.uid || live.metadata.deletionTimestamp !== undefined)
    return false
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
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false
    throw error
  }
}
