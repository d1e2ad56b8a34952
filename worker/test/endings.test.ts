/** What ends a whole batch, and when it has ended: not before the last of its recipients. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { findBatch } from '../src/store/batches.ts'
import { wakeupLedger } from '../src/store/chunks.ts'
import { endWaiting } from '../src/store/endings.ts'
import { retryFailed } from '../src/store/retries.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

const LEASE_MS = 300
let rig: Rig
let worker: WorkerProcess
let ledgers: LedgerRig

beforeAll(async () => {
  ;[rig, ledgers] = await Promise.all([startRig(), startLedgerRig(LEASE_MS)])
  worker = await rig.worker()
})
afterAll(() => Promise.all([rig.stop(), ledgers.stop()]))
beforeEach(() => rig.sink.behave([]))

const hasEnded = (batch: BatchView): boolean => 'finishedAt' in batch

/** Waits for the end, and that it is none as long as somebody is under way. */
const endOf = (id: string, from = worker) =>
  until(
    async () => {
      const batch = await from.batch(id)
      if (hasEnded(batch) || isFinished(batch))
        expect(batch.counts).toMatchObject({ sending: 0, pending: 0, deferred: 0 })
      return batch
    },
    hasEnded,
    from.log,
  )

test('a batch whose sender is refused has failed when the last one is back, and the next run is its own', async () => {
  const before = await rig.sink.count()
  await rig.sink.behave([
    { address: 'sender@example.org', at: 'mail', code: 550, times: 10 },
    { address: 'sender@example.org', at: 'mail', code: 550, delayMs: 4_000 },
  ])
  const id = await worker.accept(1_000, 'late')
  const failing = await until(
    () => worker.batch(id),
    (batch) => 'errorCode' in batch,
    worker.log,
  )
  expect(failing).toMatchObject({ state: 'running', errorCode: 'smtp_550' })
  expect(failing.counts.sending).toBeGreaterThan(0)
  for (const command of ['retry-failed', 'pause', 'resume'])
    expect([command, (await worker.command(id, command)).status]).toEqual([command, 409])
  expect(await endOf(id)).toMatchObject({ state: 'failed', counts: { failed: 1_000, sent: 0 } })
  await rig.sink.behave([])
  expect(await (await worker.command(id, 'retry-failed')).json()).toMatchObject({ retried: 1_000 })
  expect(await endOf(id)).toMatchObject({ state: 'completed', counts: { sent: 1_000 } })
  expect((await atTheSink(rig.sink, before)).duplicates).toBe(0)
})

test('one refusal of the sender ends no batch', async () => {
  await rig.sink.behave([{ address: 'sender@example.org', at: 'mail', code: 550, times: 1 }])
  const id = await worker.accept(400, 'once')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch.state).toMatch(/^completed/)
  expect(batch.counts.sent).toBeGreaterThanOrEqual(399)
})

test('a cancelled batch is finished when nothing of it is under way', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 2_000 }])
  const id = await worker.accept(600, 'cancelled')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.sending > 0,
    worker.log,
  )
  const cancelled = (await (await worker.command(id, 'cancel')).json()) as BatchView
  expect(cancelled.state).toBe('cancelled')
  expect(cancelled.counts.sending).toBeGreaterThan(0)
  expect(hasEnded(cancelled)).toBe(false)
  const ended = await endOf(id)
  expect(ended.state).toBe('cancelled')
  expect(ended.counts.sent + ended.counts.cancelled).toBe(600)
})

test('one of which nothing is under way is finished at once', async () => {
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 451 }])
  const id = await worker.accept(450, 'waits')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.deferred === 450,
    worker.log,
  )
  const cancelled = (await (await worker.command(id, 'cancel')).json()) as BatchView
  expect([cancelled.state, hasEnded(cancelled), cancelled.counts.cancelled]).toEqual(['cancelled', true, 450])
})

test('a worker that dies with mails of a cancelled batch in its hands leaves the end to others', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 60_000 }])
  const other = await rig.worker({ workerName: 'other' }, { LEASE_MS: '2000' })
  const id = await other.accept(100, 'dead')
  await until(
    () => other.batch(id),
    ({ counts }) => counts.sending > 0,
    other.log,
  )
  // Before they die: once their leases have run out there would be nothing to cancel.
  expect((await other.command(id, 'cancel')).status).toBe(200)
  await Promise.all([worker.kill(), other.kill()])
  await rig.sink.kill()
  await rig.sink.start()
  await worker.start()
  const ended = await endOf(id)
  expect(ended.counts.uncertain).toBeGreaterThan(0)
  expect(ended.counts.uncertain + ended.counts.cancelled).toBe(100)
})

const due = () =>
  ledgers.database.query(
    `UPDATE chunk SET due_at = now(), published_at = NULL, express = NULL WHERE NOT done`,
  )

test('a batch that fails while its worker dies has failed when the leases have run out', async () => {
  const id = await ledgers.newBatch(300)
  const [dead, other] = [ledgers.workerNamed('dead'), ledgers.workerNamed('other')]
  const work = await dead.begin({ batchId: id, chunk: 0 })
  if (!work) throw new Error('nothing is to be sent')
  expect(await dead.claim(work, 100)).toHaveLength(100)
  await dead.failBatch(work, 'sender', 'smtp_550')
  expect(await findBatch(ledgers.database, id)).toMatchObject({
    state: 'running',
    errorCode: 'smtp_550',
    finishedAt: null,
    counts: { sending: 100, failed: 200 },
  })
  expect(await ledgers.database.transaction((each) => retryFailed(each, id))).toBeUndefined()
  expect(await claimAll(other, id)).toEqual([])
  await sleep(LEASE_MS + 50)
  await due()
  for (const ref of await wakeupLedger(ledgers.database).takeDue(100)) {
    await other.begin(ref)
    await other.settle(ref)
  }
  const ended = await findBatch(ledgers.database, id)
  expect(ended).toMatchObject({ state: 'failed', counts: { uncertain: 100, failed: 200, sending: 0 } })
  expect(ended?.finishedAt).not.toBeNull()
})

test('nobody of a batch that ends is claimed, also before those who wait are told', async () => {
  const id = await ledgers.newBatch(300)
  const a = ledgers.workerNamed('a')
  const work = await a.begin({ batchId: id, chunk: 0 })
  if (!work) throw new Error('nothing is to be sent')
  await ledgers.database.query(`UPDATE batch SET error_class = 'sender' WHERE id = $1`, [id])
  expect(await a.claim(work, 100)).toEqual([])
  expect(await a.begin({ batchId: id, chunk: 0 })).toBeUndefined()
})

test('a batch that a worker before this release called failed runs again when nothing of it is under way', async () => {
  const id = await ledgers.newBatch(10)
  const a = ledgers.workerNamed('a')
  const [first] = await claimAll(a, id)
  if (!first) throw new Error('nothing was claimed')
  await ledgers.database.query(`UPDATE batch SET state = 'failed', finished_at = now() WHERE id = $1`, [id])
  const again = () => ledgers.database.transaction((each) => retryFailed(each, id))
  expect(await again()).toBeUndefined()
  await ledgers.database.query(`UPDATE recipient SET state = 'sent' WHERE batch_id = $1`, [id])
  expect(await again()).toBe(0)
})

test('a paused batch whose sender is refused ends too', async () => {
  const id = await ledgers.newBatch(300)
  const a = ledgers.workerNamed('a')
  const work = await a.begin({ batchId: id, chunk: 0 })
  if (!work) throw new Error('nothing is to be sent')
  const claimed = await a.claim(work, 2)
  await ledgers.database.query(`UPDATE batch SET state = 'paused' WHERE id = $1`, [id])
  await a.failBatch(work, 'sender', 'smtp_550')
  await a.record(claimed.map((one) => resultOf(one, 'sender')))
  expect(await a.settle({ batchId: id, chunk: 0 })).toEqual({ done: true })
  expect(await findBatch(ledgers.database, id)).toMatchObject({ state: 'failed', counts: { failed: 300 } })
})

test('a dead letter does not keep a cancelled batch from its end', async () => {
  const id = await ledgers.newBatch(300)
  const [dead, other] = [ledgers.workerNamed('dead'), ledgers.workerNamed('other')]
  expect(await claimAll(dead, id)).toHaveLength(100)
  await ledgers.database.query('UPDATE chunk SET dead_at = now() WHERE batch_id = $1 AND number = 0', [id])
  await ledgers.database.query(`UPDATE batch SET state = 'cancelled' WHERE id = $1`, [id])
  await endWaiting(ledgers.database, id)
  await sleep(LEASE_MS + 50)
  for (const ref of await wakeupLedger(ledgers.database).takeDue(100)) {
    await other.begin(ref)
    await other.settle(ref)
  }
  const ended = await findBatch(ledgers.database, id)
  expect(ended).toMatchObject({ state: 'cancelled', counts: { uncertain: 100, cancelled: 200 } })
  expect(ended?.finishedAt).not.toBeNull()
})

test('what a worker did not live to end of a cancelled batch is ended by the sweep', async () => {
  const id = await ledgers.newBatch(1)
  await ledgers.database.query(
    `UPDATE batch SET state = 'cancelled', updated_at = now() - interval '1 minute'
    WHERE id = $1`,
    [id],
  )
  await ledgers.database.query('UPDATE chunk SET done = true WHERE batch_id = $1', [id])
  expect(await wakeupLedger(ledgers.database).completeOrphans()).toBe(1)
  expect(await wakeupLedger(ledgers.database).completeOrphans()).toBe(0)
  const ended = await findBatch(ledgers.database, id)
  expect(ended).toMatchObject({ state: 'cancelled' })
  expect(ended?.finishedAt).not.toBeNull()
})
