/** What every test of ownership starts from: a namespace, an owner, and a client whose requests are counted. */
import type { KubernetesObject, OwnerReference, Resource } from '../../src/runtime/object.ts'
import type { Transport } from '../../src/runtime/transport.ts'
import { Applier } from '../../src/runtime/apply.ts'
import { Store } from '../../src/runtime/store.ts'
import { ownerOf, type Harness } from './harness.ts'

export interface Fixture {
  readonly namespace: string
  readonly widget: KubernetesObject
  readonly owner: OwnerReference
  /** Name of the client's user; unique, so that the audit log counts one test alone. */
  readonly user: string
  readonly transport: Transport
  readonly applier: Applier
  storeOf(resource: Resource): Store
  /** One that remembers nothing, over the same caches. */
  newApplier(): Applier
}

export async function fixtureOn(harness: Harness): Promise<Fixture> {
  const namespace = await harness.namespace()
  const widget = await harness.widget(namespace)
  const user = `user-of-${namespace}`
  const transport = await harness.transportAs(user)
  const stores = new Map<string, Store>()
  const storeOf = (resource: Resource): Store => {
    const store = stores.get(resource.kind) ?? new Store()
    stores.set(resource.kind, store)
    return store
  }
  const newApplier = () => new Applier({ transport, fieldManager: 'runtime-test', storeOf })
  return {
    namespace,
    widget,
    owner: ownerOf(widget),
    user,
    transport,
    applier: newApplier(),
    storeOf,
    newApplier,
  }
}

export const configMapOf = (fixture: Fixture, data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'child',
    namespace: fixture.namespace,
    labels: { app: 'test' },
    ownerReferences: [fixture.owner],
  },
  data,
})

/** With what an API server is known to treat in its own way: zero values, keyed lists, atomic fields. */
export const deploymentOf = (fixture: Fixture, podSpec: object, container: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'child', namespace: fixture.namespace, ownerReferences: [fixture.owner] },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'test' } },
    template: {
      metadata: { labels: { app: 'test' } },
      spec: {
        ...podSpec,
        containers: [
          {
            name: 'main',
            image: 'example',
            ports: [{ containerPort: 80 }],
            env: [
              { name: 'EMPTY', value: '' },
              { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
            ],
            resources: { limits: { memory: '128Mi' } },
            args: [],
            securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            ...container,
          },
        ],
        volumes: [{ name: 'scratch', emptyDir: {} }],
      },
    },
  },
})
