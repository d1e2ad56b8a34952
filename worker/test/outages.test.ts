import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())
beforeEach(() => rig.sink.behave([]))

/** Waits until a part of the batch is sent, while the sink takes its time. */
const midBatch = async (prefix: string, count = 1_000) => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 100 }])
  const before = await rig.sink.count()
  const id = await worker.accept(count, prefix)
  await until(
    () => rig.sink.count(),
    (sunk) => sunk - before >= count / 5,
    worker.log,
  )
  return { id, before }
}

const expectAllSentOnce = async (id: string, before: number, count = 1_000) => {
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: count, uncertain: 0, failed: 0 } })
  const { distinct, duplicates } = await atTheSink(rig.sink, before)
  expect(distinct.size).toBe(count)
  expect(duplicates).toBe(0)
}

const wakeUpsInNats = async (id: string) => {
  const [waiting] = await rig.sql<{ chunks: number }>(
    'SELECT count(*)::int AS chunks FROM chunk WHERE batch_id = $1 AND published_at IS NOT NULL AND NOT done',
    [id],
  )
  return waiting?.chunks ?? 0
}

test('NATS that restarts and keeps its data in the middle of a batch costs no mail and sends none twice', async () => {
  const { id, before } = await midBatch('kept', 3_000)
  expect(await wakeUpsInNats(id)).toBeGreaterThan(0)
  await rig.nats.restart()
  await expectAllSentOnce(id, before, 3_000)
})

test('NATS that comes back with nothing in it costs no mail', async () => {
  const { id, before } = await midBatch('nats', 3_000)
  expect(await wakeUpsInNats(id)).toBeGreaterThan(0)
  await rig.nats.restart({ loseData: true })
  await rig.createStream()
  await expectAllSentOnce(id, before, 3_000)
})

test('batches are accepted while NATS is down, and sent when it is back', async () => {
  const before = await rig.sink.count()
  await rig.nats.kill()
  const id = await worker.accept(50, 'down')
  expect((await fetch(`${worker.internal}/readyz`)).status).toBe(200)
  await rig.nats.start()
  await expectAllSentOnce(id, before, 50)
})

test('a restart of PostgreSQL in the middle of a batch costs no mail and sends none twice', async () => {
  const { id, before } = await midBatch('restart')
  await rig.postgres.restart()
  await expectAllSentOnce(id, before)
})

test('PostgreSQL that is killed in the middle of a batch costs no mail and sends none twice', async () => {
  const { id, before } = await midBatch('killed')
  await rig.postgres.kill()
  await until(
    async () => (await worker.post({})).status,
    (status) => status === 400 || status === 503,
  )
  await rig.postgres.start()
  await expectAllSentOnce(id, before)
})

test('results that PostgreSQL does not take for longer than a lease are counted until it does', async () => {
  const overdue = async () => {
    const text = await (await fetch(`${worker.internal}/metrics`)).text()
    return Number(/^batchsender_overdue_results (\d+)$/m.exec(text)?.[1])
  }
  const { id } = await midBatch('overdue')
  expect(await overdue()).toBe(0)
  await rig.postgres.kill()
  await until(overdue, (count) => count > 0, worker.log)
  await rig.postgres.start()
  await until(overdue, (count) => count === 0, worker.log)
  await until(() => worker.batch(id), isFinished, worker.log)
})

test('without PostgreSQL a batch is refused for now and the worker is not ready', async () => {
  await rig.postgres.kill()
  const response = await worker.post({
    from: 'a@example.org',
    subject: 's',
    text: 't',
    recipients: [{ address: 'a@example.org' }],
  })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).not.toBeNull()
  expect(await response.json()).toMatchObject({
    type: 'https://batchsender.io/problems/unavailable',
    status: 503,
  })
  await until(
    async () => (await fetch(`${worker.internal}/readyz`)).status,
    (status) => status === 503,
  )
  expect((await fetch(`${worker.internal}/livez`)).status).toBe(200)
  await rig.postgres.start()
  await until(
    async () => (await fetch(`${worker.internal}/readyz`)).status,
    (status) => status === 200,
  )
})

test('an SMTP server that is away spends nobody’s tries', async () => {
  await rig.sink.kill()
  const id = await worker.accept(20, 'away')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.deferred > 0,
    worker.log,
  )
  const tries = await rig.sql('SELECT DISTINCT tries FROM recipient WHERE batch_id = $1', [id])
  expect(tries).toEqual([{ tries: 0 }])
  await rig.sink.start()
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 20 } })
  // A sink that was started anew has forgotten what it had before.
  const { distinct, duplicates } = await atTheSink(rig.sink)
  expect({ distinct: distinct.size, duplicates }).toEqual({ distinct: 20, duplicates: 0 })
})
