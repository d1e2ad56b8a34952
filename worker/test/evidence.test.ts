/** What a worker tells of itself on its internal port, beside what is true of the servers around it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Evidence } from '../src/http/internalServer.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
const workers: WorkerProcess[] = []

beforeAll(async () => {
  rig = await startRig({ postgresSettings: ['fsync=off', 'max_connections=37', 'synchronous_commit=local'] })
})
afterEach(async () => {
  await rig.sink.behave([])
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
  // Who was killed is remembered for a while.
  await rig.sql('DELETE FROM worker_state')
})
afterAll(() => rig.stop())

async function started(settings: Parameters<Rig['worker']>[0] = {}): Promise<WorkerProcess> {
  const worker = await rig.worker(settings)
  workers.push(worker)
  return worker
}

async function gaugeOf(worker: WorkerProcess, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${worker.internal}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

const evidenceOf = async (worker: WorkerProcess) =>
  (await (await fetch(`${worker.internal}/evidence`)).json()) as Evidence

test('the settings of the server are told by their own names', async () => {
  const { postgres, features } = await evidenceOf(await started())
  const [version] = await rig.sql<{ server_version_num: string }>('SHOW server_version_num')
  const [checksums] = await rig.sql<{ data_checksums: string }>('SHOW data_checksums')
  expect(postgres.settings).toEqual({
    server_version_num: version?.server_version_num,
    data_checksums: checksums?.data_checksums,
    ssl: 'off',
    synchronous_commit: 'local',
    fsync: 'off',
    full_page_writes: 'on',
    password_encryption: 'scram-sha-256',
    max_connections: '37',
  })
  expect(features).toEqual({
    provider: 'None',
    degraded: false,
    credentials: 'unknown',
    flags: {
      'provider-paused': { value: false, reason: 'DEFAULT' },
      'on-uncertain': { value: 'Hold', reason: 'DEFAULT' },
      'wide-claims': { value: false, reason: 'DEFAULT' },
    },
  })
})

test.each(['ROLE postgres', 'DATABASE postgres', 'ROLE ALL', 'ROLE postgres IN DATABASE postgres'])(
  'what ALTER %s sets is told before a connection is opened with it',
  async (whom) => {
    const worker = await started()
    const told = async () => (await evidenceOf(worker)).postgres.settings['synchronous_commit']
    for (const off of ['off', 'no', '0']) {
      await rig.sql(`ALTER ${whom} SET synchronous_commit = '${off}'`)
      expect(await told()).toBe('off')
    }
    await rig.sql(`ALTER ${whom} SET synchronous_commit = remote_write`)
    const later = await started()
    expect((await evidenceOf(later)).postgres.settings['synchronous_commit']).toBe('remote_write')
    await rig.sql(`ALTER ${whom} RESET synchronous_commit`)
  },
)

test('tables that a crash empties are told by their number, and those of others are not', async () => {
  const worker = await started()
  const told = async () => (await evidenceOf(worker)).postgres.settings['unlogged_tables']
  await rig.sql('CREATE SCHEMA theirs')
  await rig.sql('CREATE UNLOGGED TABLE theirs.scratch (id int)')
  expect(await told()).toBeUndefined()
  await rig.sql('ALTER TABLE suppression SET UNLOGGED')
  expect(await told()).toBe('1')
  await rig.sql('ALTER TABLE suppression SET LOGGED')
  expect(await told()).toBeUndefined()
})

test('of role and database the role says what holds', async () => {
  const worker = await started()
  // The role first: a connection that opened between the two would have what is told of it.
  await rig.sql('ALTER ROLE postgres SET synchronous_commit = on')
  await rig.sql('ALTER DATABASE postgres SET synchronous_commit = off')
  try {
    expect((await evidenceOf(worker)).postgres.settings['synchronous_commit']).not.toBe('off')
  } finally {
    await rig.sql('ALTER DATABASE postgres RESET synchronous_commit')
    await rig.sql('ALTER ROLE postgres RESET synchronous_commit')
  }
})

test('a provider is open, with the rate that all workers keep', async () => {
  const worker = await started({ maxPerSecond: 40 })
  const id = await worker.accept(5, 'open')
  await until(() => worker.batch(id), isFinished, worker.log)
  expect((await evidenceOf(worker)).provider).toEqual({
    name: 'smtp',
    state: 'open',
    perSecond: 40,
    credentials: 'unknown',
  })
})

test('a provider that wants nothing is closed since then, and nobody limits one without a limit', async () => {
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 421, message: 'too many mails' }])
  const worker = await started()
  const id = await worker.accept(5, 'closed')
  await until(
    async () => (await evidenceOf(worker)).provider,
    ({ state }) => state === 'closed',
    worker.log,
  )
  const { closed, ...provider } = (await evidenceOf(worker)).provider
  expect(provider).toEqual({ name: 'smtp', state: 'closed', credentials: 'unknown' })
  expect(closed).toMatchObject({ class: 'throttle', replyCode: 421, workers: 1, of: 1 })
  expect(Date.parse(closed?.since ?? '')).toBeLessThanOrEqual(Date.now())
  expect(await gaugeOf(worker, 'batchsender_provider_state{provider="smtp",state="closed"}')).toBe(1)
  expect(await gaugeOf(worker, 'batchsender_provider_state{provider="smtp",state="open"}')).toBe(0)

  await rig.sink.behave([])
  await until(() => worker.batch(id), isFinished, worker.log)
  expect((await evidenceOf(worker)).provider.closed).toBeUndefined()
  expect(await gaugeOf(worker, 'batchsender_provider_closed_seconds{provider="smtp"}')).toBe(0)
})

test('a worker that sends nothing tells of another one that gets nothing through, and of what it was refused', async () => {
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 421, message: 'too many mails' }])
  const worker = await started()
  const id = await worker.accept(5, 'told')
  await until(
    async () => (await evidenceOf(worker)).provider.closed,
    (closed) => closed !== undefined,
    worker.log,
  )
  await worker.command(id, 'cancel')
  const idle = await started()
  const told = await until(
    () => evidenceOf(idle),
    ({ provider }) => provider.closed?.of === 2,
    idle.log,
  )
  expect(told.provider).toMatchObject({ state: 'closed', closed: { class: 'throttle', workers: 1 } })
  expect(told.work.attempts.made).toBeGreaterThan(0)
})

test('what is under way, what is in doubt and what waits in the queue is told of all', async () => {
  const worker = await started({ featuresProvider: 'Env', featureFlags: 'provider-paused=true' })
  const before = (await evidenceOf(worker)).work
  const id = await worker.accept(5, 'under-way')
  const { work } = await evidenceOf(worker)
  const pending = (of: typeof work) => of.recipients['pending'] ?? 0
  expect(pending(work) - pending(before)).toBe(5)
  expect(work).toMatchObject({ uncertain: 0, deadLetters: 0, attempts: { made: 0, refused: 0 } })
  expect(work.queueDepth).toBeGreaterThanOrEqual(0)
  expect((await evidenceOf(worker)).webhooks).toBeUndefined()
  await until(
    () => gaugeOf(worker, 'batchsender_recipients{state="pending"}'),
    (count) => count === pending(work),
    worker.log,
  )
  await worker.command(id, 'cancel')
})

test('a webhook that nobody signed is turned away, as the worker tries for itself, and none of that is written down', async () => {
  const secrets = await mkdtemp(join(tmpdir(), 'batchsender-webhooks-'))
  await writeFile(join(secrets, 'secret'), `whsec_${Buffer.alloc(24).toString('base64')}`)
  const worker = await started({ provider: 'resend', resendApiKey: 're_x', resendWebhookSecretsDir: secrets })
  const refusals = () => rig.sql(`SELECT FROM audit WHERE action = 'access.refused'`)
  const before = await refusals()
  const { webhooks } = await evidenceOf(worker)
  expect(webhooks).toEqual({
    provider: 'resend',
    forgery: 'forged',
    inbox: { rows: 0, oldestSeconds: 0 },
  })
  const forged = await fetch(`${worker.api}/webhooks/resend`, { method: 'POST', body: '{}' })
  expect(forged.status).toBe(401)
  expect((await evidenceOf(worker)).webhooks?.forgedAt).toBeDefined()
  await until(refusals, (rows) => rows.length === before.length + 1, worker.log)
  await rm(secrets, { recursive: true, force: true })
})

test('a provider that a flag switches off is paused, and the age of what waits for it grows', async () => {
  const worker = await started({ featuresProvider: 'Env', featureFlags: 'provider-paused=true' })
  const id = await worker.accept(5, 'paused')
  const { oldestInFlightSeconds } = await until(
    () => evidenceOf(worker),
    (evidence) => evidence.oldestInFlightSeconds > 0.5,
    worker.log,
  )
  const later = await evidenceOf(worker)
  expect(later.provider.state).toBe('paused')
  expect(later.features.flags['provider-paused']?.value).toBe(true)
  expect(later.oldestInFlightSeconds).toBeGreaterThan(oldestInFlightSeconds)
  expect(later.inFlight).toBe(0)
  await worker.command(id, 'cancel')
})

test('what has not reached ClickHouse is told for events and for the audit log, and without one there is nothing', async () => {
  const without = await started()
  expect((await evidenceOf(without)).outboxLag).toEqual({})
  await without.kill()
  const worker = await started({ clickhouseUrl: 'http://127.0.0.1:9', clickhousePassword: 'p' })
  const id = await worker.accept(7, 'lag')
  await until(() => worker.batch(id), isFinished, worker.log)
  const { outboxLag } = await until(
    () => evidenceOf(worker),
    (evidence) => (evidence.outboxLag.events?.rows ?? 0) >= 7,
    worker.log,
  )
  expect(outboxLag.events?.oldestSeconds).toBeGreaterThan(0)
  expect(outboxLag.audit?.rows).toBeGreaterThan(0)
  expect(outboxLag.audit?.oldestSeconds).toBeGreaterThan(0)
  expect(Date.parse(outboxLag.audit?.since ?? '')).toBeLessThanOrEqual(Date.now())
})

test('the pool is measured when it is asked for', async () => {
  const worker = await started()
  const metrics = async () => {
    const text = await (await fetch(`${worker.internal}/metrics`)).text()
    return (name: string) => Number(new RegExp(`^batchsender_pool_${name} (\\d+)$`, 'm').exec(text)?.[1])
  }
  // What a worker does of itself may wait for a connection for a moment.
  const gauge = await until(metrics, (read) => read('waiting_statements') === 0, worker.log)
  expect(gauge('connections')).toBeGreaterThan(0)
  expect(gauge('connections')).toBeLessThanOrEqual(10)
  expect(gauge('idle_connections')).toBeLessThanOrEqual(gauge('connections'))
})
