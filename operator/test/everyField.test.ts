/**
 * Every field of the spec edited on an object made from `config/samples/full.yaml`: Ready again for the right
 * generation, no word of a fault in between, no write afterwards; what cannot be changed is refused with its sentence.
 * Pods of workers and Jobs are played by `controllers.ts`. NATS is real: a server of the user's for the fields of
 * everything else; for those of managed NATS its three and five nodes as `natsPods.ts` runs them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { BatchSenderSpec } from '../../crds/schema/batchsender.ts'
import { SECOND_VALUES } from '../../crds/testing/secondValues.ts'
import { gatewayDefinitions } from '../../hack/servers/gatewayDefinitions.ts'
import { startClickhouse, type ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import { HostsFile } from '../../hack/servers/hosts.ts'
import { startS3, type S3Server } from '../../hack/servers/s3.ts'
import { ApiError } from '../src/runtime/errors.ts'
import { OPERATOR } from '../src/vocabulary/labels.ts'
import { makeCa } from '../src/adapters/certificateAuthority.ts'
import { natsPods, type NatsPods } from './natsPods.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness, ROOT, type SeenStatus } from './harness.ts'

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

function leaves(schema: Schema, path: readonly string[] = []): string[] {
  const { properties } = schema
  if (!properties || schema['x-kubernetes-preserve-unknown-fields'] === true) return [path.join('.')]
  return Object.entries(properties).flatMap(([name, below]) => leaves(below, [...path, name]))
}

const LEAVES = leaves(BatchSenderSpec as Schema)

const DAY_MS = 86_400_000
let hosts: HostsFile
let cluster: Harness
let s3: S3Server
let clickhouse: ClickhouseServer
let nats: NatsOverTls

beforeAll(async () => {
  s3 = await startS3()
  clickhouse = await startClickhouse({ s3, secondDisk: true })
  nats = await startNatsOverTls()
  hosts = await HostsFile.create()
  cluster = new Harness({ hosts })
  await cluster.start()
  await Promise.all((await gatewayDefinitions()).map((definition) => cluster.api.apply(definition)))
})
afterAll(async () => {
  await cluster.stop()
  await hosts.remove()
  await nats.stop()
  await clickhouse.stop()
  await s3.stop()
})

const sample = parse(readFileSync(join(ROOT, 'config/samples/full.yaml'), 'utf8')) as {
  spec: { clickhouse: { external: object }; [field: string]: unknown }
}

/** What the spec names, and what its second values do. */
async function surroundings(): Promise<void> {
  const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    smtp: { username: 'u', password: 'p' },
    'smtp-ca': { 'ca.crt': 'PEM' },
    ses: { accessKeyId: 'a', secretAccessKey: 'b' },
    resend: { apiKey: 're_x' },
    webhook: { webhookSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    'api-tokens': { alice: 'sha256:00' },
    unsubscribe: { key: 'k'.repeat(32) },
    unleash: { token: 't' },
    postgres: { url: 'postgres://u:p@db/x' },
    'nats-client': nats.client,
    clickhouse: {
      ...{ username: 'default', password: '', 'operator-username': 'default', 'operator-password': '' },
      ...{ 'backup-username': 'default', 'backup-password': '', 'verify-username': 'default' },
      ...{ 'verify-password': '', 'checksum-username': 'default', 'checksum-password': '' },
    },
    'backup-bucket': { accessKey: 'a', secretKey: 'b' },
  }
  for (const [name, data] of Object.entries(texts))
    for (const copy of [name, `${name}-2`]) await cluster.apply(cluster.secret(copy, data))
  const issuer = await makeCa({ role: 'ca', commonName: 'issuer', durationMs: 3_650 * DAY_MS }, new Date())
  await cluster.apply(cluster.secret('issuer', issuer))
  for (const name of ['flags', 'flags-2'])
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { 'flags.json': '{"flags":{}}' },
    })
}

const address = () => ({ kind: 'batchsender', namespace: cluster.namespace, name: 'orders' })
const patch = (spec: object) => cluster.api.patch(address(), { spec })

const byName = (url: string) => url.replace('127.0.0.1', 'localhost')

function at(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((below, name) => ({ [name]: below }), value) as object
}

function isReady(seen: SeenStatus): boolean {
  return seen.observedGeneration === seen.generation && condition(seen, 'Ready')?.status === 'True'
}

async function until(what: string, isThere: (seen: SeenStatus) => boolean): Promise<void> {
  await cluster.eventually(what, async () => {
    const seen = await cluster.status()
    const stalled = condition(seen, 'Stalled')
    if (stalled) throw new Error(`${what}: Stalled ${stalled.reason}: ${stalled.message}`)
    return isThere(seen) ? seen : undefined
  })
}

const writes = async () =>
  (await cluster.operatorWrites()).filter((write) => write.endsWith(` in ${cluster.namespace}`)).length

/** Another pass writes nothing but that it was asked for. */
async function expectRest(what: string): Promise<void> {
  const rest = await cluster.eventually(`${what} comes to rest`, async () => {
    const before = await writes()
    const annotations = { 'batchsender.io/requestedAt': `${what} ${before}` }
    await cluster.api.patch(address(), { metadata: { annotations } })
    await cluster.eventually('the request handled', async () =>
      (await cluster.status()).lastHandledReconcileAt === annotations['batchsender.io/requestedAt']
        ? true
        : undefined,
    )
    // What an observer saw meanwhile may be told, too; a write that goes on never ends this.
    return (await writes()) - before === 1 ? true : undefined
  })
  expect(rest).toBe(true)
}

/** Of two merge patches. */
function merged(left: object, right: object): object {
  const both = Object.entries(right).map(([name, value]: [string, unknown]) => {
    const other = (left as Record<string, unknown>)[name]
    const isObject = (one: unknown): one is object =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
    return [name, isObject(other) && isObject(value) ? merged(other, value) : value] as const
  })
  return { ...left, ...Object.fromEntries(both) }
}

/** What is edited on one object hangs together: after one that did not end, the others show nothing. */
let unfinished: string | undefined

async function edit(path: string, to: unknown): Promise<void> {
  if (unfinished !== undefined) throw new Error(`not tried: ${unfinished} did not come to its end`)
  unfinished = path
  const { given, refused, with: beside = {} } = SECOND_VALUES[path] ?? {}
  if (given) {
    await patch(given)
    await until(`Ready before ${path}`, isReady)
  }
  if (refused) {
    const error: unknown = await patch(at(path, to)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).message).toMatch(refused)
  } else {
    await patch(merged(beside, at(path, to)))
    await until(`Ready after ${path}`, isReady)
    await expectRest(path)
  }
  unfinished = undefined
}

it('has a second value for every leaf of the schema, and for nothing else', () => {
  expect(Object.keys(SECOND_VALUES).sort()).toEqual([...LEAVES].sort())
})

/** In the order of the table; one object for all, so each edit is made on what the ones before have left. */
const fields = (isMeant: (path: string) => boolean) =>
  Object.keys(SECOND_VALUES).filter((path) => isMeant(path) && path !== 'suspend')

/** Reasons of conditions that are False while an edit is carried out. */
const ON_THE_WAY =
  'RollingOut Issuing Migrating Applying TableMissing TTLDrift PolicyDrift NotMaterialized Waiting Unanswered'.split(
    ' ',
  )

async function expectNoFaults(): Promise<void> {
  // The API server has events of its own, about addresses that it finds unallocated.
  const events = (await cluster.api.list('events', cluster.namespace)).filter(
    ({ reportingComponent }) => reportingComponent === OPERATOR,
  )
  expect(events.length).toBeGreaterThan(0)
  const warnings = events.filter(({ type }) => type === 'Warning')
  const faults = warnings.filter(({ reason }) => !ON_THE_WAY.includes(String(reason)))
  expect(faults.map(({ reason, message }) => `${String(reason)}: ${String(message)}`)).toEqual([])
}

const isNats = (path: string) => path.startsWith('nats.managed') || path.startsWith('nats.tls')

describe('beside NATS of the user’s', () => {
  let controllers: ReturnType<typeof runControllers>
  beforeAll(async () => {
    unfinished = undefined
    await cluster.newNamespace()
    await surroundings()
    controllers = runControllers(cluster, { gateway: true })
    const external = { ...sample.spec.clickhouse.external, url: clickhouse.url, insecure: true }
    await cluster.apply(
      cluster.batchSender({
        ...sample.spec,
        nats: { external: { servers: [byName(nats.url)], tlsSecretRef: { name: 'nats-client' } } },
        clickhouse: { ...sample.spec.clickhouse, external },
      }),
    )
    await until('Ready at first', isReady)
  })
  afterAll(() => controllers.stop())

  it.each(fields((path) => !isNats(path)))('is Ready again with another %s', async (path) => {
    const others: Readonly<Record<string, unknown>> = {
      'nats.external.servers': [nats.url],
      'clickhouse.external.url': byName(clickhouse.url),
    }
    await edit(path, others[path] ?? SECOND_VALUES[path]?.to)
  })

  it('is as it was while it is suspended, and afterwards', async () => {
    await patch({ suspend: true })
    await until('Suspended', (seen) => condition(seen, 'Suspended')?.status === 'True' && isReady(seen))
    await patch({ suspend: false })
    await until('resumed', (seen) => condition(seen, 'Suspended') === undefined && isReady(seen))
  })

  it('told nothing of all this as a fault', expectNoFaults)
})

describe('with managed NATS', () => {
  let controllers: ReturnType<typeof runControllers>
  let pods: NatsPods
  beforeAll(async () => {
    unfinished = undefined
    await cluster.newNamespace()
    await surroundings()
    pods = await natsPods(cluster, hosts)
    controllers = runControllers(cluster, { statefulset: (set) => pods.advance(set), gateway: true })
    const { clickhouse: left, ...spec } = sample.spec
    expect(left).toBeDefined()
    await cluster.apply(cluster.batchSender(spec))
    await until('Ready at first', isReady)
  })
  afterAll(async () => {
    await controllers.stop()
    await pods.stop()
  })

  it.each(fields(isNats))('is Ready again with another %s', async (path) => {
    await edit(path, SECOND_VALUES[path]?.to)
  })

  it('ends with the certificates of the last edit served by every node', async () => {
    await patch({ readiness: { waive: null } })
    await until('adopted', ({ checks = [] }) =>
      checks.some(({ name, state }) => name === 'nats-tls-adopted' && state === 'Proven'),
    )
  })

  it('told nothing of all this as a fault', expectNoFaults)
})
