import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { AFTER_A_KILL_MS, atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

const TOTAL = 5_000
const FEW = 1_000
/** What one worker has between claim and record at most: three times the connections to the provider. */
const IN_FLIGHT = 150

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
  // Enough to have mails under way at any moment.
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 20 }])
})
afterAll(() => rig.stop())

const recipientsIn = async (state: string, id: string): Promise<string[]> => {
  const rows = await rig.sql<{ address: string }>(
    'SELECT address FROM recipient WHERE batch_id = $1 AND state = $2',
    [id, state],
  )
  return rows.map(({ address }) => address)
}

test.each([20, 40, 60, 80])(
  'a worker that is killed after %i percent of a batch loses no mail and sends none twice',
  async (percent) => {
    const before = await rig.sink.count()
    const id = await worker.accept(TOTAL, `kill${percent}-`)
    await until(
      () => rig.sink.count(),
      (count) => count - before >= (TOTAL * percent) / 100,
      worker.log,
    )
    await worker.kill()
    expect(await recipientsIn('pending', id)).not.toHaveLength(0)
    await worker.start()

    const batch = await until(() => worker.batch(id), isFinished, worker.log, AFTER_A_KILL_MS)
    const { distinct, duplicates } = await atTheSink(rig.sink, before)
    const { sent, uncertain } = batch.counts
    const uncertainOnes = new Set(await recipientsIn('uncertain', id))
    expect(batch.state).toBe(uncertain > 0 ? 'completed_with_failures' : 'completed')
    expect(sent + uncertain).toBe(TOTAL)
    expect(duplicates).toBe(0)
    expect(distinct.size).toBeGreaterThanOrEqual(sent)
    expect(distinct.size).toBeLessThanOrEqual(sent + uncertain)
    const missing = Array.from({ length: TOTAL }, (_, index) => `kill${percent}-${index}@example.org`).filter(
      (address) => !distinct.has(address),
    )
    expect(missing.filter((address) => !uncertainOnes.has(address))).toEqual([])
    expect(uncertain).toBeLessThanOrEqual(IN_FLIGHT)
    console.log(`killed at ${percent} %: sent ${sent}, at the sink ${distinct.size}, uncertain ${uncertain}`)
  },
)

test('with Resend what a crash leaves open is sent again, so nothing is missing', async () => {
  const resending = await rig.worker({ onUncertain: 'Resend', workerName: 'resending' })
  await worker.kill()
  const before = await rig.sink.count()
  const id = await resending.accept(FEW, 'again')
  await until(
    () => rig.sink.count(),
    (count) => count - before >= FEW / 2,
    resending.log,
  )
  await resending.kill()
  await resending.start()
  const batch = await until(() => resending.batch(id), isFinished, resending.log, AFTER_A_KILL_MS)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: FEW, uncertain: 0 } })
  const { messages, distinct } = await atTheSink(rig.sink, before)
  expect(distinct.size).toBe(FEW)
  const messageIds = new Map(messages.map(({ recipient, headers }) => [recipient, headers['message-id']]))
  for (const { recipient, headers } of messages) expect(headers['message-id']).toBe(messageIds.get(recipient))
  await resending.kill()
  await worker.start()
})

test('a worker that is asked to stop, and asked again, finishes what it has begun and leaves nothing uncertain', async () => {
  const before = await rig.sink.count()
  const id = await worker.accept(FEW, 'term')
  await until(
    () => rig.sink.count(),
    (count) => count - before >= FEW / 3,
    worker.log,
  )
  const told = worker.terminate()
  await until(
    () => Promise.resolve(worker.log()),
    (log) => log.includes('"msg":"stopping"'),
    worker.log,
  )
  // Some tell it twice, such as timeout(1).
  process.kill(worker.pid(), 'SIGTERM')
  expect(await told).toBe(true)
  const [row] = await rig.sql<{ sending: number; uncertain: number; pending: number; sent: number }>(
    `SELECT count(*) FILTER (WHERE state = 'sending')::int AS sending,
       count(*) FILTER (WHERE state = 'uncertain')::int AS uncertain,
       count(*) FILTER (WHERE state = 'pending')::int AS pending,
       count(*) FILTER (WHERE state = 'sent')::int AS sent FROM recipient WHERE batch_id = $1`,
    [id],
  )
  expect(row).toMatchObject({ sending: 0, uncertain: 0 })
  expect(row?.pending).toBeGreaterThan(0)
  expect(row?.sent).toBe((await rig.sink.count()) - before)

  await worker.start()
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: FEW } })
  expect((await atTheSink(rig.sink, before)).duplicates).toBe(0)
})

test('a worker that is told to stop while it starts does so, and not only once it is killed', async () => {
  await worker.kill()
  const before = worker.log().split('NATS connected').length
  const started = worker.start().catch(() => undefined)
  await until(
    () => Promise.resolve(worker.log().split('NATS connected').length),
    (count) => count > before,
    worker.log,
  )
  expect(await worker.terminate()).toBe(true)
  await started
  await worker.start()
})
