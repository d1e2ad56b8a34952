/** Small batches beside large ones: judged by how many of the large one had been sent, never by a clock. */
import { connect } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { wakeupLedger, WINDOW } from '../src/store/chunks.ts'
import { takeExpress } from '../src/store/express.ts'
import { startLedgerRig } from './ledgerRig.ts'
import { batchOf, isFinished, NAMES, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.stop())

interface Row {
  readonly count: number
  readonly maxPerSecond: number | undefined
  readonly workers: number
}

test.each<Row>([
  { count: 5_000, maxPerSecond: 100, workers: 1 },
  { count: 5_000, maxPerSecond: 100, workers: 2 },
  { count: 10_000, maxPerSecond: undefined, workers: 1 },
  { count: 10_000, maxPerSecond: undefined, workers: 2 },
])('a batch of one passes $count at $maxPerSecond mails a second with $workers workers', async (row) => {
  const workers = await start(row)
  const [first] = workers
  const last = workers.at(-1)
  if (first === undefined || last === undefined) throw new Error('there is no worker')
  const before = await rig.sink.count()
  const large = await first.accept(row.count, 'large')
  const sunk = async () => (await rig.sink.count()) - before
  await until(sunk, (count) => count >= 100, first.log)
  const small = await last.accept(1, 'small')
  const acceptedAt = await sunk()
  await until(() => last.batch(small), isFinished, last.log)
  const passed = await positionOf(small, before)
  console.log(`${JSON.stringify(row)}: ${passed - acceptedAt} mails went before it`)
  // In the order of arrival it would be all of them. Twice what may be sent in two seconds, or a third of the batch.
  expect(passed - acceptedAt).toBeLessThan(row.maxPerSecond === undefined ? row.count / 3 : 400)
  expect((await first.batch(large)).counts.sent).toBeLessThan(row.count)
  await first.command(large, 'cancel')
  await until(
    () => first.batch(large),
    (batch) => 'finishedAt' in batch,
    first.log,
  )
  for (const worker of workers) expect(await worker.terminate()).toBe(true)
})

const start = ({ maxPerSecond, workers }: Row): Promise<WorkerProcess[]> =>
  Promise.all(
    Array.from({ length: workers }, (_, index) =>
      rig.worker({ workerName: `w${index}`, ...(maxPerSecond !== undefined && { maxPerSecond }) }),
    ),
  )

/** How many mails the sink had got before the one of that batch. */
async function positionOf(batchId: string, after: number): Promise<number> {
  const messages = await rig.sink.messages(after)
  return messages.findIndex(({ headers }) => headers['x-batch-id'] === batchId)
}

test('an urgent mail passes small batches that have all of the lane', async () => {
  const worker = await rig.worker({ maxPerSecond: 50 })
  const small = await Promise.all(Array.from({ length: 12 }, (_, index) => worker.accept(50, `s${index}-`)))
  const before = await rig.sink.count()
  await until(
    () => rig.sink.count(),
    (count) => count - before > 20,
    worker.log,
  )
  const answer = await worker.post({ ...batchOf(1, 'urgent'), priority: 'transactional' })
  const { id } = (await answer.json()) as { id: string }
  const acceptedAt = (await rig.sink.count()) - before
  await until(() => worker.batch(id), isFinished, worker.log)
  // Of four that are sent side by side, none is done before four times fifty are.
  expect((await positionOf(id, before)) - acceptedAt).toBeLessThan(75)
  for (const each of small) await worker.command(each, 'cancel')
  await worker.terminate()
})

test('of two large batches neither waits for the other', async () => {
  const worker = await rig.worker({ maxPerSecond: 200 })
  const before = await rig.sink.count()
  const older = await worker.accept(20_000, 'older')
  await until(
    () => rig.sink.count(),
    (count) => count - before > 100,
    worker.log,
  )
  const younger = await worker.accept(2_000, 'younger')
  await until(
    () => worker.batch(younger),
    ({ counts }) => counts.sent > 200,
    worker.log,
  )
  // In the order of arrival it would be 20,000; a window and what the handlers are at, it is at most.
  expect(await positionOf(younger, before)).toBeLessThan(200 * (WINDOW + 12))
  for (const id of [older, younger]) await worker.command(id, 'cancel')
  await until(
    () => worker.batch(older),
    (batch) => 'finishedAt' in batch,
    worker.log,
  )
  await worker.terminate()
})

test('a wake-up that comes for what the lane has taken is handled and is gone', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 3_000 }])
  const worker = await rig.worker()
  const id = await worker.accept(1, 'taken')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.sending === 1,
    worker.log,
  )
  const nats = await connect({ servers: rig.nats.url })
  await nats.jetstream().publish(NAMES.subject, JSON.stringify({ batchId: id, chunk: 0 }))
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 1 } })
  const manager = await nats.jetstreamManager()
  await until(
    () => manager.consumers.info(NAMES.stream, NAMES.consumer),
    ({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0,
    worker.log,
  )
  await rig.sink.behave([])
  await nats.close()
  await worker.terminate()
})

test('small batches go while NATS is away', async () => {
  const worker = await rig.worker()
  await rig.nats.kill()
  const id = await worker.accept(150, 'away')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 150 } })
  await rig.nats.start()
  await worker.terminate()
})

test('an urgent batch of many is in the lane with all of its chunks', async () => {
  const ledgers = await startLedgerRig(60_000)
  try {
    const bulk = await ledgers.newBatch(1_000, 'bulk')
    const one = await ledgers.newBatch(1, 'one')
    const urgent = await ledgers.newBatch(1_000, 'urgent', 'transactional')
    const taken: string[] = []
    for (;;) {
      const ref = await takeExpress(ledgers.database, 60_000)
      if (ref === undefined) break
      taken.push(ref.batchId)
    }
    expect(taken).toEqual([one, ...Array.from({ length: 5 }, () => urgent)])
    expect(taken).not.toContain(bulk)
    // Nobody begins one of them: it is due when its lease would have ended, whoever took it.
    await ledgers.database.query(`UPDATE chunk SET due_at = now() WHERE batch_id = $1`, [one])
    expect(await takeExpress(ledgers.database, 60_000, 1)).toBeUndefined()
    expect(await takeExpress(ledgers.database, 60_000)).toEqual({ batchId: one, chunk: 0 })
  } finally {
    await ledgers.stop()
  }
})

test('batches take turns in the queue, none has more than a few there, and what is small is not left behind', async () => {
  const ledgers = await startLedgerRig(60_000)
  try {
    const wakeups = wakeupLedger(ledgers.database)
    const published = async (limit = 500) => (await wakeups.takeDue(limit)).map(({ batchId }) => batchId)
    const large = await ledgers.newBatch(10_000, 'large')
    expect(await published()).toEqual(Array.from({ length: WINDOW }, () => large))
    const medium = await ledgers.newBatch(400, 'medium')
    const other = await ledgers.newBatch(10_000, 'other')
    expect(await published()).toEqual([medium, other, medium, other, other, other])
    expect(await published()).toEqual([])
    // As many as are begun come after them.
    const worker = ledgers.workerNamed('a')
    await worker.begin({ batchId: large, chunk: 0 })
    await worker.begin({ batchId: other, chunk: 0 })
    await worker.begin({ batchId: other, chunk: 1 })
    expect((await published()).toSorted()).toEqual([large, other, other].toSorted())
    // Small ones are left to the lane for a while, and then the queue has them too, where the lane still finds them.
    const small = await ledgers.newBatch(1, 'small')
    expect(await published()).toEqual([])
    await ledgers.database.query(
      `UPDATE chunk SET due_at = due_at - interval '5 seconds' WHERE batch_id = $1`,
      [small],
    )
    expect(await published()).toEqual([small])
    expect(await takeExpress(ledgers.database, 60_000)).toEqual({ batchId: small, chunk: 0 })
    expect(await takeExpress(ledgers.database, 60_000)).toBeUndefined()
  } finally {
    await ledgers.stop()
  }
})
