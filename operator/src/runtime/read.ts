/** One object, asked of the server itself. */
import type { KubernetesObject, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import { ApiError } from './errors.ts'
import { pathOf } from './object.ts'

/** @returns the object as the server has it; `undefined` only when the server says that there is none. */
export async function read(
  transport: Transport,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  signal?: AbortSignal,
): Promise<KubernetesObject | undefined> {
  try {
    const path = pathOf(resource, namespace, name)
    const { body } = await transport.request<KubernetesObject>({
      method: 'GET',
      path,
      ...(signal && { signal }),
    })
    return body
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
