/**
 * What is wrong with the mail, as the status tells it: the worker is its program, started with the environment of the
 * Deployment; PostgreSQL, NATS and SMTP are real servers, and what goes wrong does so at them.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Client } from 'pg'
import { HostsFile } from '../../hack/servers/hosts.ts'
import { startPostgres, type PostgresServer } from '../../hack/servers/postgres.ts'
import { startSmtpSink, type SmtpSinkServer } from '../../hack/servers/smtpSink.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness } from './harness.ts'
import { migrationPods } from './migrationPods.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'
import { workerPods, type WorkerPods } from './workerPods.ts'

/** The documented limit is a minute; the rest is for a machine that is busy. */
const WITHIN_MS = 120_000
let hosts: HostsFile
let cluster: Harness
let postgres: PostgresServer
let nats: NatsOverTls
let sink: SmtpSinkServer
let pods: WorkerPods
let controllers: ReturnType<typeof runControllers>

beforeAll(async () => {
  postgres = await startPostgres()
  nats = await startNatsOverTls()
  sink = await startSmtpSink()
  hosts = await HostsFile.create()
  cluster = new Harness({ hosts })
  await cluster.start()
  await cluster.newNamespace()
  pods = await workerPods(cluster, hosts, nats.client)
  controllers = runControllers(cluster, { job: migrationPods(cluster), deployment: pods.statusOf })
  await cluster.apply(cluster.secret('api-tokens', { alice: 'sha256:00' }))
  await cluster.apply(cluster.secret('nats', nats.client))
  await cluster.apply(cluster.secret('postgres', { url: postgres.url }))
  await cluster.apply(
    cluster.batchSender({
      nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats' } } },
      worker: {
        replicas: 1,
        provider: { smtp: { host: '127.0.0.1', port: sink.smtpPort, tls: 'Disabled' } },
        http: { tokensSecretRef: { name: 'api-tokens' } },
      },
    }),
  )
  await until('True', 'Flowing')
}, 300_000)
afterEach(async () => {
  expect(condition(await cluster.status(), 'Ready')?.status).toBe('True')
})
afterAll(async () => {
  await controllers.stop()
  await pods.stop()
  await cluster.stop()
  await hosts.remove()
  await sink.stop()
  await nats.stop()
  await postgres.stop()
})

const until = (status: string, reason: string) =>
  cluster.eventually(
    `mail ${reason}`,
    async () => {
      await cluster.hurry()
      const found = condition(await cluster.status(), 'MailFlowing')
      return found?.status === status && found.reason === reason ? found : undefined
    },
    WITHIN_MS,
  )

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(text)
  await client.end()
}

async function expectEvent(type: string, reason: string): Promise<void> {
  await cluster.eventually(`${type} ${reason}`, async () => {
    const told = await cluster.inNamespace([
      'get',
      'events',
      '-o',
      'jsonpath={range .items[*]}{.type} {.reason}\n{end}',
    ])
    return told.split('\n').includes(`${type} ${reason}`) ? true : undefined
  })
}

test('a mail server that is away is named with since when, and is told to be back', async () => {
  await sink.kill()
  await pods.accept('away@example.org', 3)
  const { message } = await until('False', 'ProviderUnreachable')
  expect(message).toMatch(
    /^the SMTP server 127\.0\.0\.1 does not answer, or breaks off \(unreachable, \S+\): no mail has gone through since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  )
  await expectEvent('Warning', 'ProviderUnreachable')
  await sink.start()
  await until('True', 'Flowing')
  await expectEvent('Normal', 'Flowing')
}, 400_000)

test('mails that are refused are told with their class', async () => {
  await sink.behave([{ address: '*', at: 'rcpt', code: 550, message: '5.1.1 no such user' }])
  await pods.accept('nobody@example.org', 40)
  expect((await until('False', 'MailsRefused')).message).toContain('with class recipient')
  await sink.behave([])
  // Before the refused ones are two minutes old, they are a small part.
  await pods.accept('somebody@example.org', 1_500)
  await until('True', 'Flowing')
}, 400_000)

test('a batch of which nobody is through is stuck once a quarter of an hour is over, and not when somebody is', async () => {
  await sink.behave([{ address: '*', at: 'rcpt', code: 451, message: '4.3.0 later' }])
  const id = await pods.accept('later@example.org', 3)
  await sql(`INSERT INTO standstill VALUES ('${id}', 3, now() - interval '20 minutes')
    ON CONFLICT (batch_id) DO UPDATE SET since = EXCLUDED.since`)
  expect((await until('False', 'Stuck')).message).toMatch(
    /^a batch has not got on since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ although mails of it are due$/,
  )
  await sink.behave([])
  await sql(`UPDATE recipient SET due_at = now() WHERE batch_id = '${id}'`)
  await sql(`UPDATE chunk SET due_at = now(), published_at = NULL WHERE batch_id = '${id}'`)
  await until('True', 'Flowing')
}, 400_000)

test('what was put aside or is in doubt is told, the worst first, and is over with its cause', async () => {
  await sql(
    `INSERT INTO recipient_tally (batch_id, state, change, seq) VALUES (gen_random_uuid(), 'uncertain', 1, 0)`,
  )
  await until('False', 'ResultsInDoubt')
  const batch = `INSERT INTO batch (id, user_id, sender, subject, recipients, duplicates, state, tallied, created_at)
    VALUES ('00000000-0000-4000-8000-000000000001', 'u', 's@example.org', 's', 1, 0, 'running', true, now() - interval '1 day')`
  await sql(`${batch}; INSERT INTO chunk (batch_id, number, first_seq, last_seq, dead_at)
    VALUES ('00000000-0000-4000-8000-000000000001', 0, 0, 0, now())`)
  await until('False', 'DeadLetters')
  await sql(`UPDATE chunk SET done = true WHERE dead_at IS NOT NULL`)
  await until('False', 'ResultsInDoubt')
  await sql(`DELETE FROM recipient_tally WHERE state = 'uncertain'`)
  await until('True', 'Flowing')
}, 500_000)

test('Prometheus is told of each object what its status says, and nothing of one that is gone', async () => {
  const of = (name: string) => `{namespace="${cluster.namespace}",batchsender="${name}"`
  expect(await cluster.metrics()).toContain(
    `batchsender_status_condition${of('orders')},type="MailFlowing",status="True",reason="Flowing"} 1`,
  )
  const isTold = async (name: string) => (await cluster.metrics()).some((line) => line.includes(of(name)))
  await cluster.apply(cluster.batchSender({ suspend: true }, 'other'))
  const told = await cluster.eventually('the other one', async () =>
    (await cluster.metrics()).find((line) => line.startsWith(`batchsender_suspended${of('other')}`)),
  )
  expect(told).toMatch(/ 1$/)
  await cluster.inNamespace(['delete', 'batchsender', 'other', '--wait=false'])
  await cluster.eventually('nothing of it', async () => ((await isTold('other')) ? undefined : true))
  expect(await isTold('orders')).toBe(true)
})

test('a database without TLS fails its check by name, and SMTP has no webhooks to prove', async () => {
  const { checks = [] } = await cluster.status()
  const stateOf = (name: string) => checks.find((check) => check.name === name)?.state
  expect(stateOf('postgres-encrypted')).toBe('Failing')
  expect(stateOf('postgres-durable')).toBe('Failing')
  expect(stateOf('webhooks-verified')).toBe('NotConfigured')
  expect(stateOf('audit-log')).toBe('NotConfigured')
  const row = await cluster.inNamespace(['get', 'bs'])
  const [columns = '', values = ''] = row.split('\n')
  expect(values.slice(columns.search('MAIL')).split(/\s/)[0]).toBe('True')
})
