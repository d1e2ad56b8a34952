/**
 * Credentials that only workers can try: those of the mail server and of Unleash. The worker is its program, started with
 * the environment of the Deployment; PostgreSQL, NATS and SMTP are real servers, Unleash is a double.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HostsFile } from '../../hack/servers/hosts.ts'
import { startPostgres, type PostgresServer } from '../../hack/servers/postgres.ts'
import { startSmtpSink, type SmtpSinkServer } from '../../hack/servers/smtpSink.ts'
import { startUnleashDouble, type UnleashDouble } from '../../hack/standins/unleash.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness } from './harness.ts'
import { migrationPods } from './migrationPods.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'
import { workerPods, type WorkerPods } from './workerPods.ts'

/** The documented limit is a minute after the workers have them; the rest is for a machine that is busy. */
const WITHIN_MS = 180_000
const REFUSED = { address: 'wrong-name', at: 'auth', code: 535, message: '5.7.8 no such canary' } as const
let hosts: HostsFile
let cluster: Harness
let postgres: PostgresServer
let nats: NatsOverTls
let sink: SmtpSinkServer
let unleash: UnleashDouble
let pods: WorkerPods
let controllers: ReturnType<typeof runControllers>

beforeAll(async () => {
  postgres = await startPostgres()
  nats = await startNatsOverTls()
  sink = await startSmtpSink()
  await sink.behave([REFUSED])
  unleash = await startUnleashDouble('right-token-canary')
  hosts = await HostsFile.create()
  cluster = new Harness({ hosts })
  await cluster.start()
  await cluster.newNamespace()
  pods = await workerPods(cluster, hosts, nats.client)
  controllers = runControllers(cluster, { job: migrationPods(cluster), deployment: pods.statusOf })
  await cluster.apply(cluster.secret('api-tokens', { alice: 'sha256:00' }))
  await cluster.apply(cluster.secret('nats', nats.client))
  await cluster.apply(cluster.secret('postgres', { url: postgres.url }))
  await applySmtp('right-name')
  await applyUnleash('right-token-canary')
  await cluster.apply(cluster.batchSender(spec()))
  await until('Ready', 'Ready')
}, 300_000)
afterAll(async () => {
  await controllers.stop()
  await pods.stop()
  await cluster.stop()
  await hosts.remove()
  await unleash.close()
  await sink.stop()
  await nats.stop()
  await postgres.stop()
})

const applySmtp = (username: string) =>
  cluster.apply(cluster.secret('smtp', { username, password: 'canary' }))
const applyUnleash = (token: string) => cluster.apply(cluster.secret('unleash', { token }))

const spec = () => ({
  nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats' } } },
  worker: {
    replicas: 1,
    provider: {
      smtp: {
        host: '127.0.0.1',
        port: sink.smtpPort,
        tls: 'Disabled',
        credentialsSecretRef: { name: 'smtp' },
      },
    },
    http: { tokensSecretRef: { name: 'api-tokens' } },
    features: { provider: 'Unleash', unleash: { url: unleash.url, tokenSecretRef: { name: 'unleash' } } },
  },
})

const until = (type: string, reason: string) =>
  cluster.eventually(
    `${type} ${reason}`,
    async () => {
      const seen = await cluster.status()
      const found = condition(seen, type)
      return found?.reason === reason && found.observedGeneration === seen.generation ? found : undefined
    },
    WITHIN_MS,
  )

async function expectTold(message: string): Promise<void> {
  expect(await until('WorkerReady', 'CredentialsRefused')).toMatchObject({ status: 'False', message })
  const seen = await cluster.status()
  expect(condition(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'CredentialsRefused' })
  expect(condition(seen, 'Stalled')).toBeUndefined()
  expect(JSON.stringify(seen)).not.toMatch(/canary/)
  expect(await cluster.inNamespace(['get', 'events', '-o', 'json'])).not.toMatch(/canary/)
}

const OF_SMTP =
  'the SMTP server refuses the credentials of Secret smtp (username, password), as the workers see it'

test('a login that the mail server refuses is told without a mail, and ends with the Secret', async () => {
  await applySmtp('wrong-name')
  await expectTold(OF_SMTP)
  await applySmtp('right-name')
  await until('Ready', 'Ready')
}, 500_000)

test('a login that the mail server takes again needs no hand and no mail', async () => {
  await applySmtp('wrong-name')
  await expectTold(OF_SMTP)
  await sink.behave([])
  await until('Ready', 'Ready')
  await sink.behave([REFUSED])
  await applySmtp('right-name')
}, 500_000)

test('a token that Unleash refuses is told, and ends with the Secret', async () => {
  await applyUnleash('wrong-token-canary')
  await expectTold('Unleash refuses the credentials of Secret unleash (token), as the workers see it')
  await applyUnleash('right-token-canary')
  await until('Ready', 'Ready')
}, 500_000)
