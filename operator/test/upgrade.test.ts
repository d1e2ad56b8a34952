/** From the operator of the release before to this one and back, over objects that are at work: what is written, and what rolls. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { previousCommit, sourcesOf, type Sources } from '../../hack/release/previous.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { runControllers } from './controllers.ts'
import { Harness, ROOT } from './harness.ts'
import { KINDS } from './objects.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'

const commit = await previousCommit()
if (commit === undefined)
  console.log('LEFT OUT  operator/test/upgrade.test.ts: Git has no release before this one (UPGRADE_FROM=…)')

/** What this release writes anew, each told under Changed in CHANGELOG.md. Apart from the images, which are the same here. */
const CHANGED: readonly string[] = []

const env = { WORKER_IMAGE: 'registry.example.com/worker:1', NATS_IMAGE: 'registry.example.com/nats:1' }
const NATS = { managed: { replicas: 3, storage: { size: '1Gi' } } }

describe.skipIf(commit === undefined)('an operator', () => {
  const cluster = new Harness({ env })
  let previous: Sources
  let nats: NatsOverTls
  let controllers: ReturnType<typeof runControllers>

  beforeAll(async () => {
    previous = await sourcesOf(commit ?? '')
    nats = await startNatsOverTls()
    await cluster.start(previous.root)
  })
  afterAll(async () => {
    await cluster.stop()
    await nats.stop()
    await previous.remove()
  })
  beforeEach(async () => {
    await cluster.newNamespace()
    controllers = runControllers(cluster)
    await cluster.applySecrets()
    await cluster.apply(cluster.secret('nats-client', nats.client))
  })
  afterEach(() => controllers.stop())

  const external = () => ({
    nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } },
  })

  /** Two of them: one that is Ready, and one with every kind of child that a managed NATS brings. */
  async function atWork(): Promise<void> {
    await cluster.apply(cluster.batchSender(external()))
    await cluster.apply(cluster.batchSender({ nats: NATS }, 'managed'))
    await cluster.untilCondition('Ready', 'True', 'Ready')
    await cluster.eventually('the nodes of NATS', () => cluster.get('statefulset', 'managed-nats'))
    await cluster.settled()
  }

  /** What of everything would be another if it were written: a spec by its generation, what has none by its data. */
  async function children(): Promise<ReadonlyMap<string, string>> {
    const lists = await Promise.all(KINDS.map((kind) => cluster.api.list(kind, cluster.namespace)))
    return new Map(lists.flat().map((object) => [nameOf(object), object.metadata.resourceVersion ?? '']))
  }
  const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind}/${metadata.name}`

  async function replaceBy(root: string): Promise<void> {
    await cluster.operator.stop('SIGTERM')
    await cluster.startOperator(root)
    for (const name of ['orders', 'managed']) {
      const requested = new Date().toISOString()
      await cluster.api.patch(
        { kind: 'batchsender', namespace: cluster.namespace, name },
        { metadata: { annotations: { 'batchsender.io/requestedAt': requested } } },
      )
      await cluster.eventually(`a pass over ${name}`, async () => {
        const { lastHandledReconcileAt } = (await cluster.status(name)) as { lastHandledReconcileAt?: string }
        return lastHandledReconcileAt === requested ? true : undefined
      })
    }
    await cluster.settled()
  }

  /** Names of those that were written since. */
  async function written(before: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const now = await children()
    const names = [...new Set([...before.keys(), ...now.keys()])]
    return names.filter((name) => before.get(name) !== now.get(name)).sort()
  }

  it('takes over from the one before, writes what this release changes, and nothing at rest; and back', async () => {
    await atWork()
    const before = await children()
    await cluster.install(ROOT)
    await replaceBy(ROOT)
    await cluster.untilCondition('Ready', 'True', 'Ready')
    expect(await written(before)).toEqual(CHANGED)

    const rest = await cluster.settled()
    expect(await cluster.settled()).toBe(rest)

    // The newer definition and the newer rights stay, as docs/upgrade.md has it.
    const after = await children()
    await replaceBy(previous.root)
    await cluster.untilCondition('Ready', 'True', 'Ready')
    expect(await written(after)).toEqual(CHANGED)
  })
})
