/** The API server as the caller may use it: no rights but those of the kubeconfig. */
import type { KubernetesObject, Resource } from '../../src/runtime/object.ts'
import type { Answer, Transport } from '../../src/runtime/transport.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { read } from '../../src/runtime/read.ts'
import { APPLY_PATCH } from '../../src/runtime/transport.ts'

const PAGE = '500'

export interface Selection {
  readonly labels?: string
  readonly fields?: string
}

export interface ClusterOptions {
  readonly transport: Transport
  /** Where nothing else is said. */
  readonly namespace: string
  readonly server: string
  readonly context: string
  readonly signal: AbortSignal
}

export class Cluster {
  readonly transport: Transport
  readonly namespace: string
  readonly server: string
  readonly context: string
  readonly signal: AbortSignal

  readonly #options: ClusterOptions

  constructor(options: ClusterOptions) {
    const { transport, namespace, server, context, signal } = options
    this.#options = options
    this.transport = transport
    this.namespace = namespace
    this.server = server
    this.context = context
    this.signal = signal
  }

  /** The same in another namespace. */
  in(namespace: string): Cluster {
    return new Cluster({ ...this.#options, namespace })
  }

  get(resource: Resource, name: string, namespace = this.namespace): Promise<KubernetesObject | undefined> {
    return read(this.transport, resource, namespace, name, this.signal)
  }

  /** @param namespace `undefined`: of every one */
  async list(
    resource: Resource,
    namespace: string | undefined,
    { labels, fields }: Selection = {},
  ): Promise<readonly KubernetesObject[]> {
    const found: KubernetesObject[] = []
    for (let next: string | undefined = ''; next !== undefined;) {
      const { body }: Answer<List> = await this.transport.request<List>({
        method: 'GET',
        path: pathOf(resource, namespace),
        query: {
          limit: PAGE,
          ...(labels !== undefined && { labelSelector: labels }),
          ...(fields !== undefined && { fieldSelector: fields }),
          ...(next !== '' && { continue: next }),
        },
        signal: this.signal,
      })
      // A list does not repeat in each item what kind it is of.
      const { apiVersion, kind } = resource
      found.push(...body.items.map((item) => ({ ...item, apiVersion, kind })))
      next = body.metadata?.continue === '' ? undefined : body.metadata?.continue
    }
    return found
  }

  async create(resource: Resource, object: KubernetesObject): Promise<KubernetesObject> {
    const { body } = await this.transport.request<KubernetesObject>({
      method: 'POST',
      path: pathOf(resource, object.metadata.namespace ?? this.namespace),
      body: object,
      signal: this.signal,
    })
    return body
  }

  async remove(resource: Resource, name: string): Promise<void> {
    const path = pathOf(resource, this.namespace, name)
    await this.transport.request({ method: 'DELETE', path, signal: this.signal })
  }

  /** A JSON merge patch. @param dryRun all but kept */
  async merge(
    resource: Resource,
    name: string,
    patch: object,
    { dryRun = false, manager = 'kubectl-batchsender' } = {},
  ): Promise<KubernetesObject> {
    const { body } = await this.transport.request<KubernetesObject>({
      method: 'PATCH',
      path: pathOf(resource, this.namespace, name),
      query: { fieldManager: manager, fieldValidation: 'Strict', ...(dryRun && { dryRun: 'All' }) },
      contentType: 'application/merge-patch+json',
      body: patch,
      signal: this.signal,
    })
    return body
  }

  /** What the server would make of an apply, of which nothing is kept. */
  async dryApply(
    resource: Resource,
    object: KubernetesObject,
    { manager, force }: { readonly manager: string; readonly force: boolean },
  ): Promise<KubernetesObject> {
    const { body } = await this.transport.request<KubernetesObject>({
      method: 'PATCH',
      path: pathOf(resource, object.metadata.namespace ?? this.namespace, object.metadata.name),
      query: {
        fieldManager: manager,
        dryRun: 'All',
        fieldValidation: 'Strict',
        ...(force && { force: 'true' }),
      },
      contentType: APPLY_PATCH,
      body: object,
      signal: this.signal,
    })
    return body
  }

  /** Text as it comes, such as a log. */
  stream(path: string, query: Readonly<Record<string, string>>): Promise<AsyncIterable<Buffer>> {
    return this.transport.stream(path, query, this.signal)
  }
}

interface List {
  readonly metadata?: { readonly continue?: string }
  readonly items: readonly KubernetesObject[]
}
