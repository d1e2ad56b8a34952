/** A complete list in pages, for servers that do not stream one. */
import type { KubernetesObject, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import { setImmediate as turn } from 'node:timers/promises'
import { pathOf } from './object.ts'

export interface Scope {
  readonly transport: Transport
  readonly resource: Resource
  readonly namespace?: string
  readonly labelSelector?: string
}

export interface Listed {
  readonly items: readonly KubernetesObject[]
  /** From where a watch goes on. */
  readonly version: string
}

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly KubernetesObject[]
}

const PAGE = '500'
/** Parsing what a Secret holds takes a tenth of a millisecond: probes and watches must not wait for a page. */
const AT_ONCE = 50

/**
 * @param keep makes of each object what is held of it, before the next page is asked for.
 * @throws ApiError 410 when the list grew too old between two pages. */
export async function pagedList(
  { transport, resource, namespace, labelSelector }: Scope,
  keep: (raw: KubernetesObject) => KubernetesObject | undefined,
  signal: AbortSignal,
): Promise<Listed> {
  const items: KubernetesObject[] = []
  let next = ''
  let version: string
  do {
    const { body } = await transport.request<Page>({
      method: 'GET',
      path: pathOf(resource, namespace),
      query: {
        limit: PAGE,
        ...(labelSelector !== undefined && { labelSelector }),
        ...(next !== '' && { continue: next }),
      },
      signal,
    })
    for (const [index, item] of body.items.entries()) {
      // Items of a list carry neither kind nor version.
      const kept = keep({ ...item, apiVersion: resource.apiVersion, kind: resource.kind })
      if (kept) items.push(kept)
      if (index % AT_ONCE === AT_ONCE - 1) await turn()
    }
    version = body.metadata.resourceVersion
    next = body.metadata.continue ?? ''
  } while (next !== '')
  return { items, version }
}
