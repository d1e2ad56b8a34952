/**
 * Our mark on a primary that something outside Kubernetes has to be undone before it may go. Nothing is yet: it is kept, and
 * tested, for the first that has to be.
 */
import type { KubernetesObject, Resource } from './object.ts'
import type { Store } from './store.ts'
import type { Transport } from './transport.ts'
import { pathOf } from './object.ts'

export interface FinalizerTarget {
  readonly transport: Transport
  readonly resource: Resource
  readonly store: Store
  /** Qualified, such as `example.com/cleanup`. */
  readonly finalizer: string
}

export function hasFinalizer({ metadata }: KubernetesObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) === true
}

/**
 * Sets or takes away the mark, and touches no other's.
 * @returns whether anything was written.
 * @throws ApiError 409 when the object changed since it was read; the next pass sees how.
 */
export async function markFinalizer(
  { transport, resource, store, finalizer }: FinalizerTarget,
  primary: KubernetesObject,
  wanted: boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  if (hasFinalizer(primary, finalizer) === wanted) return false
  const { name, namespace, uid, resourceVersion, finalizers = [] } = primary.metadata
  const others = finalizers.filter((each) => each !== finalizer)
  const { body } = await transport.request<KubernetesObject>({
    method: 'PATCH',
    path: pathOf(resource, namespace, name),
    contentType: 'application/merge-patch+json',
    // A merge patch replaces the list as a whole, so it must not be sent about any other state than the one read.
    body: { metadata: { uid, resourceVersion, finalizers: wanted ? [...others, finalizer] : others } },
    ...(signal && { signal }),
  })
  if (wanted || body.metadata.deletionTimestamp === undefined) store.overlay(body)
  return true
}
