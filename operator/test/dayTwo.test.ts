/** What a cluster does to a BatchSender that was Ready: admission, finalizers, quotas, odd spellings, Secrets withheld. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { condition, Harness } from './harness.ts'
import { runControllers } from './controllers.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'

const cluster = new Harness()
let nats: NatsOverTls
let controllers: ReturnType<typeof runControllers>

beforeAll(async () => {
  await cluster.start()
  nats = await startNatsOverTls()
})
afterAll(async () => {
  await nats.stop()
  await cluster.stop()
})
beforeEach(async () => {
  await cluster.newNamespace()
  controllers = runControllers(cluster)
  await cluster.applySecrets()
  await cluster.apply(cluster.secret('nats-client', nats.client))
})
afterEach(() => controllers.stop())

const apply = (worker: object = {}, spec: object = {}) =>
  cluster.apply(
    cluster.batchSender({
      worker: { ...cluster.batchSender().spec.worker, ...worker },
      nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } },
      ...spec,
    }),
  )

const patch = (spec: object) =>
  cluster.api.patch({ kind: 'batchsender', namespace: cluster.namespace, name: 'orders' }, { spec })

const untilReady = () => cluster.untilCondition('Ready', 'True', 'Ready')

/** Writes of children in this namespace. */
const writes = async () =>
  (await cluster.operatorWrites()).filter((write) => write.endsWith(` in ${cluster.namespace}`)).length

async function untilEvent(reason: string): Promise<string> {
  return cluster.eventually(`an event ${reason}`, async () => {
    const events = await cluster.api.list('events', cluster.namespace)
    return events.find((event) => event['reason'] === reason)?.['message'] as string | undefined
  })
}

describe('spelt otherwise than the server does', () => {
  it.each<{ why: string; worker?: object; spec?: object }>([
    { why: 'a number of YAML', worker: { resources: { limits: { cpu: 1, memory: '1024Mi' } } } },
    { why: 'thousandths', worker: { resources: { requests: { cpu: '1000m', memory: '0.5Gi' } } } },
    { why: 'a fraction', worker: { resources: { requests: { cpu: '0.5' } } } },
    { why: 'a leading nought, which is kept', worker: { resources: { requests: { cpu: '007' } } } },
    { why: 'an exponent', worker: { resources: { limits: { memory: '1E9' } } } },
    {
      why: 'the target of an autoscaler',
      worker: {
        autoscaling: {
          minReplicas: 1,
          maxReplicas: 3,
          metrics: [
            {
              type: 'External',
              external: {
                metric: { name: 'x' },
                target: { type: 'AverageValue', averageValue: '1000m' },
              },
            },
          ],
        },
      },
    },
  ])('a quantity is written once: $why', async ({ worker }) => {
    await apply(worker)
    await untilReady()
    await cluster.settled()
    const before = await writes()
    await cluster.hurry()
    await cluster.settled()
    // The request is mirrored into the status, and that is all.
    expect((await writes()) - before).toBe(1)
  })
})

describe('admission that sets another value of a field of ours', () => {
  const policy = (expression: string) => [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: 'mirror' },
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['apps'],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['deployments'],
            },
          ],
        },
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: 'mirror' },
      spec: {
        policyName: 'mirror',
        matchResources: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': cluster.namespace } },
        },
      },
    },
  ]
  afterEach(async () => {
    await cluster.kubectl(['delete', 'mutatingadmissionpolicy,mutatingadmissionpolicybinding', 'mirror'])
  })

  it('is told once and left, and the object is Ready with it', async () => {
    const image = `[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image", value: "mirror.example.com/worker:1"}]`
    for (const object of policy(image)) await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
    await cluster.eventually('the policy in force', async () => {
      const probe = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'probe', namespace: cluster.namespace },
      }
      const pod = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } }
      const spec = { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: pod }
      await cluster.kubectl(['delete', 'deployment', 'probe', '-n', cluster.namespace, '--ignore-not-found'])
      await cluster.apply({ ...probe, spec })
      const live = JSON.stringify(await cluster.get('deployment', 'probe'))
      return live.includes('mirror.example.com') ? true : undefined
    })
    await cluster.kubectl(['delete', 'deployment', 'probe', '-n', cluster.namespace])
    await apply()
    await untilReady()
    expect(await untilEvent('AdmissionChanged')).toMatch(
      /admission changes Deployment orders-worker: spec\.template\.spec\.containers\[worker\]\.image to mirror\.example\.com\/worker:1/,
    )
    await cluster.settled()
    const tries = async () =>
      (await cluster.operatorWrites()).filter((write) => write.endsWith(ofWorker)).length
    const ofWorker = `deployments/orders-worker/ in ${cluster.namespace}`
    const before = await tries()
    expect(before).toBeGreaterThan(0)
    for (let pass = 0; pass < 3; pass += 1) {
      await cluster.hurry()
      await cluster.settled()
    }
    // A try of which the time has come may be among them; one for each pass is not.
    expect((await tries()) - before).toBeLessThan(3)
    const [contested] = (await cluster.status()).evidence?.contested ?? []
    expect(contested).toMatchObject({ object: 'Deployment orders-worker', manager: 'admission' })
  }, 400_000)
})

describe('what a person has to know', () => {
  it('names the object and the finalizer that holds it, and heals when it is gone', async () => {
    await apply()
    await untilReady()
    const address = { kind: 'networkpolicy', namespace: cluster.namespace, name: 'orders-worker' }
    await cluster.api.patch(address, { metadata: { finalizers: ['example.com/foreign'] } })
    await cluster.inNamespace(['delete', 'networkpolicy', 'orders-worker', '--wait=false'])
    const told = await cluster.untilCondition('NetworkPolicyReady', 'False', 'Blocked')
    expect(told.message).toBe(
      'NetworkPolicy orders-worker is being deleted and held by finalizer example.com/foreign',
    )
    expect(condition(await cluster.status(), 'Ready')?.status).toBe('False')
    await cluster.api.patch(address, { metadata: { finalizers: null } })
    await untilReady()
  })

  it('names the field of a pod that there is not, and recovers', async () => {
    await apply()
    await untilReady()
    await patch({ worker: { affinity: { podAntiAffinty: {} } } })
    const told = await cluster.untilCondition('SpecValid', 'False', 'Invalid')
    expect(told.message).toMatch(/affinity\.podAntiAffinty: field not declared in schema$/)
    await patch({ worker: { affinity: null } })
    await untilReady()
  })

  it('names the amount that is none, and recovers', async () => {
    await apply()
    await untilReady()
    await patch({ worker: { resources: { requests: { cpu: 'lots' } } } })
    const told = await cluster.untilCondition('SpecValid', 'False', 'Invalid')
    expect(told.message).toBe('spec.worker.resources.requests.cpu must be a quantity, such as 500m or 1Gi')
    await patch({ worker: { resources: null } })
    await untilReady()
  })

  it('names what keeps a controller from making pods', async () => {
    await controllers.stop()
    await apply()
    const job = await cluster.eventually(
      'the Job',
      async () => (await cluster.api.list('jobs', cluster.namespace))[0],
    )
    const { name, uid = '' } = job.metadata
    await cluster.api.apply({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'refused', namespace: cluster.namespace },
      involvedObject: { apiVersion: 'batch/v1', kind: 'Job', name, uid, namespace: cluster.namespace },
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: pods "${name}-abcde" is forbidden: failed quota: q: must specify limits.cpu for: migrate`,
      lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    })
    const told = await cluster.eventually('why', async () => {
      await cluster.hurry()
      const { message = '' } = condition(await cluster.status(), 'WorkerReady') ?? {}
      return message.includes('quota') ? message : undefined
    })
    expect(told).toBe(
      `the database cannot be migrated: Job ${name} cannot make a pod: is forbidden: failed quota: q: must specify limits.cpu for: migrate`,
    )
  })

  it('names the image that a pod cannot get', async () => {
    await controllers.stop()
    await apply()
    const job = await cluster.eventually(
      'the Job',
      async () => (await cluster.api.list('jobs', cluster.namespace))[0],
    )
    const { labels } = (job['spec'] as { template: { metadata: { labels: Record<string, string> } } })
      .template.metadata
    const pod = { name: 'orders-migrate-x', namespace: cluster.namespace, labels }
    const image = 'registry.invalid/worker:9'
    await cluster.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: pod,
        spec: { containers: [{ name: 'migrate', image }], automountServiceAccountToken: false },
      }),
    )
    const waiting = { name: 'migrate', image, imageID: '', ready: false, restartCount: 0 }
    const status = {
      phase: 'Pending',
      containerStatuses: [
        { ...waiting, state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } },
      ],
    }
    await cluster.api.patch({ kind: 'pod', ...pod, subresource: 'status' }, { status })
    await cluster.eventually('the image', async () => {
      const { message = '' } = condition(await cluster.status(), 'WorkerReady') ?? {}
      return message === `the database cannot be migrated: pod orders-migrate-x cannot get image ${image}`
        ? true
        : undefined
    })
  })
})
