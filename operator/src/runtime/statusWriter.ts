/** Writes the status of a primary: at most once a pass, and only when it says something new. */
import type { KubernetesObject, Resource } from './object.ts'
import type { Store } from './store.ts'
import type { Transport } from './transport.ts'
import { isDeepStrictEqual } from 'node:util'
import { pathOf } from './object.ts'
import { APPLY_PATCH } from './transport.ts'

export interface StatusTarget {
  readonly transport: Transport
  readonly resource: Resource
  readonly store: Store
  readonly fieldManager: string
}

/**
 * Carries uid and resource version, so that a leader that was deposed cannot write over what its successor found.
 * @returns whether anything was written.
 * @throws ApiError 409 when the object changed since it was read; the next pass sees how.
 */
export async function writeStatus(
  { transport, resource, store, fieldManager }: StatusTarget,
  primary: KubernetesObject,
  status: object,
  signal?: AbortSignal,
): Promise<boolean> {
  const wanted: unknown = JSON.parse(JSON.stringify(status))
  if (isDeepStrictEqual(wanted, primary['status'])) return false
  const { name, namespace, uid, resourceVersion } = primary.metadata
  const { body } = await transport.request<KubernetesObject>({
    method: 'PATCH',
    path: pathOf(resource, namespace, name, 'status'),
    query: { fieldManager, fieldValidation: 'Ignore', force: 'true' },
    contentType: APPLY_PATCH,
    body: {
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      metadata: { name, namespace, uid, resourceVersion },
      status: wanted,
    },
    ...(signal && { signal }),
  })
  store.overlay(body)
  return true
}
