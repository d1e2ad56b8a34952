/** A create that refuses to touch what is there must work for every kind, built in or not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubernetesObject, OwnerReference, Resource } from '../../src/runtime/object.ts'
import type { Fixture } from './fixture.ts'
import { fixtureOn } from './fixture.ts'
import { Harness } from './harness.ts'

let harness: Harness
let fixture: Fixture

beforeAll(async () => {
  harness = await Harness.start()
  fixture = await fixtureOn(harness)
})
afterAll(async () => {
  await harness.stop()
})

const labels = { app: 'test' }
const selector = { matchLabels: labels }
const containers = [{ name: 'main', image: 'example' }]
const pod = { metadata: { labels }, spec: { containers } }
const job = { template: { spec: { containers, restartPolicy: 'Never' } } }
const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const scaled = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'child' }

const kinds: readonly (readonly [apiVersion: string, kind: string, plural: string, body: object])[] = [
  ['v1', 'ConfigMap', 'configmaps', { data: { a: '1' } }],
  ['v1', 'Secret', 'secrets', { data: { a: 'YQ==' } }],
  ['v1', 'Service', 'services', { spec: { selector: labels, ports: [{ name: 'http', port: 80 }] } }],
  ['v1', 'ServiceAccount', 'serviceaccounts', { automountServiceAccountToken: false }],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', { spec: storage }],
  ['v1', 'Pod', 'pods', { spec: { containers } }],
  ['apps/v1', 'Deployment', 'deployments', { spec: { selector, template: pod } }],
  ['apps/v1', 'StatefulSet', 'statefulsets', { spec: { serviceName: 'child', selector, template: pod } }],
  ['batch/v1', 'Job', 'jobs', { spec: job }],
  ['batch/v1', 'CronJob', 'cronjobs', { spec: { schedule: '0 2 * * *', jobTemplate: { spec: job } } }],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', { spec: { maxUnavailable: 1, selector } }],
  [
    'networking.k8s.io/v1',
    'NetworkPolicy',
    'networkpolicies',
    { spec: { podSelector: selector, ingress: [] } },
  ],
  [
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    { spec: { maxReplicas: 3, scaleTargetRef: scaled } },
  ],
  ['rbac.authorization.k8s.io/v1', 'Role', 'roles', { rules: [] }],
  ['test.example/v1', 'Widget', 'widgets', { spec: { size: 1 } }],
]

describe.each(kinds)('of %s, a %s', (apiVersion, kind, plural, body) => {
  const resource: Resource = { apiVersion, kind, plural, namespaced: true }
  const wish = (owner: OwnerReference): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name: 'child', namespace: fixture.namespace, labels, ownerReferences: [owner] },
    ...body,
  })

  it('is created, left alone when it is good, and refused to a stranger', async () => {
    const { applier, owner } = fixture
    expect((await applier.apply(resource, wish(owner), owner)).state).toBe('created')
    expect((await applier.apply(resource, wish(owner), owner)).state).toBe('unchanged')
    const stranger = { ...owner, name: 'stranger', uid: '5bd8a4b6-5d07-4b6c-8a5b-0d6c1f8e2b11' }
    const before = await harness.get(resource, fixture.namespace, 'child')
    expect(await fixture.newApplier().apply(resource, wish(stranger), stranger)).toMatchObject({
      state: 'foreign',
      holder: 'Widget one',
    })
    expect(await harness.get(resource, fixture.namespace, 'child')).toEqual(before)
  })

  it('is not created over one that the cache does not know', async () => {
    const { applier, owner } = fixture
    const live = await harness.get(resource, fixture.namespace, 'child')
    fixture.storeOf(resource).remove(live)
    expect((await applier.apply(resource, wish(owner), owner)).state).toBe('unchanged')
    expect(await harness.get(resource, fixture.namespace, 'child')).toEqual(live)
  })
})
