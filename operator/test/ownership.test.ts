/** Children that lost their owner, and two installations over one namespace. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../hack/servers/ports.ts'
import { startProcess, untilReady } from '../../hack/servers/process.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness, ROOT } from './harness.ts'
import { boundToUser, KINDS } from './objects.ts'
import { typed } from './terminal.ts'

const cluster = new Harness()
const address = () => ({ kind: 'batchsender', namespace: cluster.namespace, name: 'orders' })
const annotate = (annotations: Readonly<Record<string, string | null>>) =>
  cluster.api.patch(address(), { metadata: { annotations } })

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())

let controllers: ReturnType<typeof runControllers>
beforeEach(async () => {
  await cluster.newNamespace()
  controllers = runControllers(cluster)
  await cluster.applySecrets()
  await cluster.apply(cluster.batchSender())
  await cluster.untilCondition('WorkerReady', 'True', 'Available')
})
afterEach(() => controllers.stop())

/** Of everything of ours, the uid of its controller; the CA outlives its BatchSender and has none. */
async function owners(): Promise<ReadonlyMap<string, string | undefined>> {
  const lists = await Promise.all(KINDS.map((kind) => cluster.api.list(kind, cluster.namespace)))
  const ours = lists
    .flat()
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/instance'] === 'orders')
  return new Map(
    ours.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.ownerReferences?.[0]?.uid]),
  )
}

const uidOf = async () => (await cluster.get('batchsender', 'orders'))?.metadata.uid

describe('children that lost their owner', () => {
  it('are told as such, left alone, and taken back with consent', async () => {
    const before = await owners()
    await cluster.inNamespace(['delete', 'batchsender', 'orders', '--cascade=orphan', '--wait=false'])
    // No garbage collector runs here: what it does for an orphaning deletion is done by hand.
    for (const key of before.keys()) {
      const [kind = '', name = ''] = key.split('/')
      await cluster.api.patch(
        { kind: kind.toLowerCase(), namespace: cluster.namespace, name },
        { metadata: { ownerReferences: null } },
      )
    }
    await cluster.api.patch(address(), { metadata: { finalizers: null } })
    await cluster.apply(cluster.batchSender())
    const told = await cluster.untilCondition('NetworkPolicyReady', 'False', 'NameConflict')
    expect(told.message).toMatch(
      /annotate the BatchSender with batchsender\.io\/adoptOrphans=true to take it back$/,
    )
    expect(told.message).not.toMatch(/remove it/)
    await typed(cluster, procedure('docs/ownership.md#adopt-orphans'))
    await cluster.untilCondition('NetworkPolicyReady', 'True', 'Applied')
    await cluster.untilCondition('WorkerReady', 'True', 'Available')
    const uid = await uidOf()
    const after = await owners()
    expect(new Set(after.values())).toEqual(new Set([uid]))
    expect([...before.keys()].filter((key) => !after.has(key) && !key.startsWith('Job/'))).toEqual([])
  })

  it('are not taken back with consent when they are somebody else’s', async () => {
    const metadata = { name: 'orders-worker', namespace: cluster.namespace, labels: { app: 'theirs' } }
    await annotate({ 'batchsender.io/adoptOrphans': 'true' })
    await cluster.api.patch(address(), { spec: { suspend: true } })
    await cluster.eventually('Suspended', async () => condition(await cluster.status(), 'Suspended'))
    await cluster.inNamespace(['delete', 'service', 'orders-worker'])
    await cluster.kubectl(
      ['create', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } }),
    )
    await cluster.api.patch(address(), { spec: { suspend: false } })
    const told = await cluster.untilCondition('WorkerReady', 'False', 'NameConflict')
    expect(told.message).toBe(
      'Service orders-worker belongs to nobody that we know: remove it or rename the BatchSender',
    )
  })

  it('are never advised to be removed when they are Secrets', async () => {
    const labels = { 'app.kubernetes.io/managed-by': null, 'batchsender.io/retained-for': null }
    const ca = { kind: 'secret', namespace: cluster.namespace, name: 'orders-nats-ca' }
    await cluster.api.patch(ca, { metadata: { labels } })
    const told = await cluster.untilCondition('NatsTLSReady', 'False', 'NameConflict')
    expect(told.message).toMatch(/give it back its labels/)
    expect(told.message).not.toMatch(/remove/)
    await typed(cluster, procedure('docs/ownership.md#give-back-labels'))
    await cluster.untilCondition('NatsTLSReady', 'True', 'Issued')
  })
})

describe('a second installation', () => {
  it('stands back, says so, and takes over when it is told to', async () => {
    await cluster.eventually('the mark', async () => (await cluster.status()).operator)
    const before = await cluster.settled()
    const second = await startSecond()
    try {
      await cluster.hurry()
      const event = await cluster.eventually('an event', async () => {
        const events = await cluster.api.list('events', cluster.namespace)
        return events.find(({ reason }) => reason === 'KeptByAnother')
      })
      expect(event['message']).toMatch(
        /^the operator in namespace batchsender-system looks after this object, so the one in second stands back/,
      )
      await cluster.settled()
      const children = (versions: string) =>
        versions.split('\n').filter((line) => !line.startsWith('BatchSender/'))
      expect(children(await cluster.settled())).toEqual(children(before))
      expect((await cluster.status()).operator).toBe('batchsender-system')

      const takeOver = procedure('docs/ownership.md#take-over')
      await typed(cluster, takeOver.with({ 'operator=batchsender-system': 'operator=second' }))
      await cluster.eventually('another keeper', async () =>
        (await cluster.status()).operator === 'second' ? true : undefined,
      )
      expect(condition(await cluster.status(), 'WorkerReady')?.status).toBe('True')
    } finally {
      await second.stop()
    }
  })
})

/** As `config/default` would be for this namespace, beside the first, which keeps every namespace. */
async function startSecond() {
  const user = 'second-operator'
  await cluster.kubectl(['create', 'namespace', 'second'])
  const rights = await cluster.kubectl(['kustomize', join(ROOT, 'config/rbac/cluster-wide')])
  const renamed = boundToUser(rights, user).replaceAll(
    '"name":"batchsender-operator"',
    '"name":"second-operator"',
  )
  await cluster.kubectl(['apply', '-f', '-'], renamed)
  const lease = await cluster.kubectl(['kustomize', join(ROOT, 'config/rbac/common')])
  await cluster.kubectl(
    ['-n', 'second', 'apply', '-f', '-'],
    boundToUser(lease, user).replaceAll('batchsender-system', 'second'),
  )
  const port = await freePort()
  const started = startProcess(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'operator/src/main.ts')], {
    env: {
      ...process.env,
      KUBECONFIG: await cluster.plane.kubeconfigFor({ name: user }),
      PROBE_PORT: String(port),
      DIAL_LOOPBACK: 'true',
      OPERATOR_NAMESPACE: 'second',
      WATCH_NAMESPACES: cluster.namespace,
    },
  })
  await untilReady(
    'the second operator',
    started,
    async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
  )
  return started
}
