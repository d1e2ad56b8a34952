/** A real API server with a kind of its own to try the runtime on. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Credentials } from '../../src/runtime/credentials.ts'
import type { KubernetesObject, OwnerReference, Resource } from '../../src/runtime/object.ts'
import type { Log } from '../../src/runtime/log.ts'
import type { Transport } from '../../src/runtime/transport.ts'
import { startControlPlane, type AuditEntry, type ControlPlane } from '../../../hack/servers/controlPlane.ts'
import { fromKubeconfig } from '../../src/runtime/kubeconfig.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { createTransport } from '../../src/runtime/transport.ts'

export const WIDGET: Resource = {
  apiVersion: 'test.example/v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
}
export const CONFIG_MAP: Resource = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
}
export const DEPLOYMENT: Resource = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}
export const SECRET: Resource = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** The CustomResourceDefinition of a kind that takes anything. */
export function definitionOf({ apiVersion, kind, plural }: Resource): object {
  const [group = '', version = ''] = apiVersion.split('/')
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  }
}

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

export class Harness {
  readonly plane: ControlPlane
  readonly credentials: Credentials
  /** Of a user who may do everything. */
  readonly transport: Transport
  readonly #transports: Transport[]

  private constructor(plane: ControlPlane, credentials: Credentials) {
    this.plane = plane
    this.credentials = credentials
    this.transport = createTransport(credentials)
    this.#transports = [this.transport]
  }

  static async start(): Promise<Harness> {
    const plane = await startControlPlane()
    const harness = new Harness(plane, await fromKubeconfig(plane.kubeconfig))
    await harness.post(DEFINITIONS, definitionOf(WIDGET))
    await until('widgets are served', () =>
      harness.transport.request({ method: 'GET', path: pathOf(WIDGET) }).then(
        () => true,
        () => false,
      ),
    )
    return harness
  }

  /** A client of its own, so that the audit log can tell what it asked for. */
  async transportAs(name: string, server?: string): Promise<Transport> {
    const path = await this.plane.kubeconfigFor({ name, groups: ['system:masters'] })
    const credentials = await fromKubeconfig(path)
    const transport = createTransport({ ...credentials, ...(server !== undefined && { server }) })
    this.#transports.push(transport)
    return transport
  }

  async namespace(): Promise<string> {
    const name = `test-${randomBytes(4).toString('hex')}`
    await this.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    return name
  }

  async post(path: string, body: object): Promise<KubernetesObject> {
    return (await this.transport.request<KubernetesObject>({ method: 'POST', path, body })).body
  }

  async widget(namespace: string, name = 'one'): Promise<KubernetesObject> {
    return this.post(pathOf(WIDGET, namespace), {
      apiVersion: WIDGET.apiVersion,
      kind: WIDGET.kind,
      metadata: { name, namespace },
      spec: {},
    })
  }

  async get(resource: Resource, namespace: string, name: string): Promise<KubernetesObject> {
    const path = pathOf(resource, namespace, name)
    return (await this.transport.request<KubernetesObject>({ method: 'GET', path })).body
  }

  async remove(resource: Resource, namespace: string, name: string): Promise<void> {
    await this.transport.request({ method: 'DELETE', path: pathOf(resource, namespace, name) })
  }

  /** Changes an object as another manager would. */
  async edit(resource: Resource, namespace: string, name: string, change: object, manager = 'somebody') {
    const { body } = await this.transport.request<KubernetesObject>({
      method: 'PATCH',
      path: pathOf(resource, namespace, name),
      query: { fieldManager: manager },
      contentType: 'application/merge-patch+json',
      body: change,
    })
    return body
  }

  /** What a user asked for that changes something. */
  async writesOf(user: string): Promise<readonly AuditEntry[]> {
    const reading = new Set(['get', 'list', 'watch'])
    return (await this.requestsOf(user)).filter(({ verb }) => !reading.has(verb))
  }

  /** Everything that a user asked for so far. */
  async requestsOf(user: string): Promise<readonly AuditEntry[]> {
    const marker = `marker-${randomBytes(6).toString('hex')}`
    await this.transport
      .request({ method: 'GET', path: `/api/v1/namespaces/${marker}` })
      .catch(() => undefined)
    let entries: readonly AuditEntry[] = []
    await until('the audit log has caught up', async () => {
      entries = await this.plane.audit()
      return entries.some(({ objectRef }) => objectRef?.name === marker)
    })
    const requests = new Map(entries.map((entry) => [entry.auditID, entry]))
    return [...requests.values()].filter((entry) => entry.user.username === user)
  }

  async stop(): Promise<void> {
    for (const transport of this.#transports) transport.close()
    await this.plane.stop()
  }
}

export function ownerOf(widget: KubernetesObject): OwnerReference {
  const { name, uid = '' } = widget.metadata
  const { apiVersion, kind } = widget
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** @throws Error when it does not come true in time. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`it did not come true in time: ${what}`)
    await sleep(20)
  }
}
