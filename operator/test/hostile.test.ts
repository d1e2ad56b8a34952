/**
 * Servers of tenants that answer without end, sense or speed, and an operator with the memory that its manifest gives it:
 * the operator as a process in a cgroup of that size where one can be made, against a real API server.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Behaviour, HostileServer } from '../../hack/servers/hostile.ts'
import { HOSTILE_HTTP, HOSTILE_NATS, startHostile } from '../../hack/servers/hostile.ts'
import { limitMemory, type MemoryLimit } from '../../hack/servers/memoryLimit.ts'
import { MAIL_LIMITS } from '../../crds/mailLimits.ts'
import { lookAtWorker } from '../src/adapters/workerEvidence.ts'
import { condition, Harness, ROOT } from './harness.ts'

const MEBIBYTE = 1_048_576

let limit: MemoryLimit
let cluster: Harness
const servers: HostileServer[] = []

async function hostile(behave: Behaviour): Promise<HostileServer> {
  const server = await startHostile(behave)
  servers.push(server)
  return server
}

/** `256Mi` of config/manager, in bytes. */
async function defaultLimit(): Promise<number> {
  const documents = parseAllDocuments(await readFile(join(ROOT, 'config/manager/manager.yaml'), 'utf8'))
  const deployment = documents.find((document) => document.get('kind') === 'Deployment')
  const container = ['spec', 'template', 'spec', 'containers', 0]
  const text = String(deployment?.getIn([...container, 'resources', 'limits', 'memory']))
  const [, mebibytes = ''] = /^(\d+)Mi$/.exec(text) ?? []
  return Number(mebibytes) * MEBIBYTE
}

beforeAll(async () => {
  limit = await limitMemory(await defaultLimit())
  cluster = new Harness({ limit })
  await cluster.start()
  limit.watch(() => cluster.operator.pid)
  await cluster.newNamespace()
  await cluster.applySecrets()
  await cluster.apply(cluster.batchSender({}, 'good'))
  await cluster.eventually('a child of the good one', () => cluster.get('service', 'good-worker'))
})
afterAll(async () => {
  await cluster.stop()
  await Promise.all(servers.map((server) => server.close()))
  await limit.stop()
})

const clickhouse = (server: HostileServer) => ({
  clickhouse: {
    external: { url: `http://127.0.0.1:${server.port}`, insecure: true },
    archive: {},
    backup: { destination: { namedCollection: 'backup_s3' } },
  },
})

const nats = (server: HostileServer) => ({
  nats: { external: { servers: [`tls://127.0.0.1:${server.port}`] } },
})

/** A BatchSender for each of them, all at once; what is told of it, and what was taken off its server. */
async function besiege(
  kind: string,
  behaviours: Readonly<Record<string, Behaviour>>,
  specOf: (server: HostileServer) => object,
  conditionType: string,
) {
  const all = await Promise.all(
    Object.entries(behaviours).map(async ([how, behave], index) => {
      const server = await hostile(behave)
      const name = `${kind}-${index}`
      await cluster.apply(cluster.batchSender(specOf(server), name))
      return { how, name, server }
    }),
  )
  const untold = async ({ how, name, server }: (typeof all)[number]) => {
    const told = condition(await cluster.status(name), conditionType)
    return server.calls() >= 3 && told?.status === 'False' ? [] : [how]
  }
  await cluster.eventually(
    'all of them are told of',
    async () => {
      await expectRunning()
      const left = (await Promise.all(all.map(untold))).flat()
      return left.length === 0 ? true : undefined
    },
    300_000,
  )
  return all
}

async function expectRunning(): Promise<void> {
  const ended = cluster.operator.exited.then((code) => `ended with ${code ?? 'a signal'}`)
  expect(await Promise.race([ended, Promise.resolve('runs')])).toBe('runs')
}

async function healsMeanwhile(): Promise<void> {
  const before = await cluster.get('service', 'good-worker')
  await cluster.inNamespace(['delete', 'service', 'good-worker'])
  await cluster.eventually('the Service of the good one is back', async () => {
    const uid = (await cluster.get('service', 'good-worker'))?.metadata.uid
    return uid !== undefined && uid !== before?.metadata.uid ? true : undefined
  })
}

/** What a client may have taken before it left: some looks, with what was under way in between. */
const MOST_TAKEN = 2_000 * MEBIBYTE

describe('an operator with the memory of its manifest', () => {
  it.each([
    { kind: 'clickhouse', behaviours: HOSTILE_HTTP, specOf: clickhouse, conditionType: 'ArchiveReady' },
    { kind: 'nats', behaviours: HOSTILE_NATS, specOf: nats, conditionType: 'NatsReady' },
  ])(
    'outlives every $kind that answers as none should, and heals others meanwhile',
    async (given) => {
      const { pid } = cluster.operator
      const all = await besiege(given.kind, given.behaviours, given.specOf, given.conditionType)
      await healsMeanwhile()
      await expectRunning()
      expect(cluster.operator.pid).toBe(pid)
      for (const { how, server } of all) expect([how, server.sent() < MOST_TAKEN]).toEqual([how, true])
      for (const { name } of all) await cluster.inNamespace(['delete', 'batchsender', name, '--wait=false'])
    },
    400_000,
  )
})

describe('a hundred BatchSenders of somebody whose server sends what it may, all at once', () => {
  it('take no more than their share, and are told', async () => {
    const { 'half a megabyte and then nothing': behave = () => undefined } = HOSTILE_HTTP
    const server = await hostile(behave)
    const { pid } = cluster.operator
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`)
    for (const name of names)
      await cluster.apply(cluster.batchSender({ ...clickhouse(server), suspend: true }, name))
    await cluster.eventually(
      'each was asked often enough to be told',
      async () => {
        await expectRunning()
        return server.calls() > 6 * names.length ? true : undefined
      },
      300_000,
    )
    await healsMeanwhile()
    await expectRunning()
    expect(cluster.operator.pid).toBe(pid)
    for (const name of names) await cluster.inNamespace(['delete', 'batchsender', name, '--wait=false'])
  }, 400_000)
})

describe('a worker that answers as none should', () => {
  it.each(Object.entries(HOSTILE_HTTP))('is left: %s', async (_how, behave) => {
    const server = await hostile(behave)
    const address = { host: '127.0.0.1', port: server.port, limits: MAIL_LIMITS }
    expect(await lookAtWorker(address, undefined, AbortSignal.timeout(60_000))).not.toMatchObject({
      fsync: expect.anything() as unknown,
    })
    expect(server.sent()).toBeLessThan(16 * MEBIBYTE)
  })
})
