/** The API server over one connection: a kubectl for each look of a test that waits would be most of its time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesObject, Resource } from '../src/runtime/object.ts'
import type { Transport } from '../src/runtime/transport.ts'
import { fromKubeconfig } from '../src/runtime/kubeconfig.ts'
import { pathOf } from '../src/runtime/object.ts'
import { read } from '../src/runtime/read.ts'
import { APPLY_PATCH, createTransport } from '../src/runtime/transport.ts'
import * as vocabulary from '../src/vocabulary/kinds.ts'

const EVENT: Resource = { apiVersion: 'v1', kind: 'Event', plural: 'events', namespaced: true }

const NAMESPACE: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }

const DEFINITION: Resource = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}

const RESOURCES: readonly Resource[] = [...Object.values(vocabulary), EVENT, NAMESPACE, DEFINITION]

export interface Address {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly subresource?: string
}

export class ApiClient {
  readonly #transport: Transport

  private constructor(transport: Transport) {
    this.#transport = transport
  }

  static async with(kubeconfig: string): Promise<ApiClient> {
    return new ApiClient(createTransport(await fromKubeconfig(kubeconfig)))
  }

  /** @param kind as kubectl takes it: `secret` or `secrets` */
  async get(kind: string, namespace: string, name: string): Promise<KubernetesObject | undefined> {
    const object = await read(this.#transport, resourceOf(kind), namespace, name)
    return object && withoutManagers(object)
  }

  async list(kind: string, namespace: string): Promise<readonly KubernetesObject[]> {
    const resource = resourceOf(kind)
    const { body } = await this.#transport.request<{ items: KubernetesObject[] }>({
      method: 'GET',
      path: pathOf(resource, namespace),
    })
    return body.items.map((item) => withoutManagers({ ...item, kind: resource.kind }))
  }

  /**
   * Server-side, as a manager of its own that takes what it names; `dryRun`: all but kept.
   * @returns what is there then, its managers too
   * @throws ApiError
   */
  async apply(
    object: KubernetesObject,
    { manager = 'user', dryRun = false }: { readonly manager?: string; readonly dryRun?: boolean } = {},
  ): Promise<KubernetesObject> {
    const resource = resourceOf(object.kind.toLowerCase())
    const { namespace, name } = object.metadata
    const { body } = await this.#transport.request<KubernetesObject>({
      method: 'PATCH',
      path: pathOf(resource, namespace, name),
      query: {
        fieldManager: manager,
        force: 'true',
        fieldValidation: 'Strict',
        ...(dryRun && { dryRun: 'All' }),
      },
      contentType: APPLY_PATCH,
      body: object,
    })
    return body
  }

  /** A merge patch. */
  async patch({ kind, namespace, name, subresource }: Address, body: object): Promise<void> {
    await this.#transport.request({
      method: 'PATCH',
      path: pathOf(resourceOf(kind), namespace, name, subresource),
      contentType: 'application/merge-patch+json',
      body,
    })
  }

  /** `kubectl wait` ends with an error while a definition has no status at all. */
  async untilServed(kind: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.list(kind, 'default')
        return
      } catch (error) {
        if (tries > 300) throw error
        await sleep(100)
      }
    }
  }

  close(): void {
    this.#transport.close()
  }
}

function resourceOf(kind: string): Resource {
  const found = RESOURCES.find((one) => [one.plural, one.kind.toLowerCase()].includes(kind))
  if (!found) throw new Error(`no kind is called ${kind}`)
  return found
}

/** As kubectl shows them. */
function withoutManagers(object: KubernetesObject): KubernetesObject {
  const metadata = { ...object.metadata }
  delete metadata.managedFields
  return { ...object, metadata }
}
