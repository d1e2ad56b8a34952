/** Paused batches, of which nobody hears anything until they are resumed. */
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LedgerRig } from './ledgerRig.ts'
import type { BatchCommand } from '../src/domain/batchState.ts'
import { batchStore } from '../src/store/batchStore.ts'
import { wakeupLedger } from '../src/store/chunks.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

/** As many as wait in the queue at once. */
const CHUNKS = 4
let rig: LedgerRig
beforeAll(async () => {
  rig = await startLedgerRig(60_000)
})
afterAll(() => rig.stop())
beforeEach(async () => {
  await rig.database.query('DELETE FROM recipient')
  await rig.database.query('DELETE FROM batch')
})

const command = (id: string, name: BatchCommand) =>
  batchStore(rig.database, { onDue: () => undefined, events: false }).command(id, name, {
    action: 'batch.paused',
    userId: 'u',
    resource: id,
    metadata: {},
    ip: '',
    userAgent: '',
  })

const due = async () => (await wakeupLedger(rig.database).takeDue(1_000)).length

/** Small batches are not published at once. */
const throughTheQueue = () => rig.database.query('UPDATE chunk SET express = NULL')

const runs = async (id: string) => {
  await rig.workerNamed('starter').begin({ batchId: id, chunk: 0 })
  await rig.workerNamed('starter').settle({ batchId: id, chunk: 0 })
  await rig.database.query('UPDATE chunk SET due_at = now(), published_at = NULL')
}

test('chunks of a paused batch are not due, whether they were published or not, until it is resumed', async () => {
  const id = await rig.newBatch(CHUNKS * 200)
  await runs(id)
  expect(await wakeupLedger(rig.database).takeDue(2)).toHaveLength(2)
  expect(await command(id, 'pause')).toBe(true)
  expect(await due()).toBe(0)
  // What had been published is in the queue, and comes.
  const worker = rig.workerNamed('a')
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    expect(await worker.begin({ batchId: id, chunk })).toBeUndefined()
    expect(await worker.settle({ batchId: id, chunk })).toEqual({ done: true })
  }
  expect(await due()).toBe(0)
  await wakeupLedger(rig.database).dueAgain(new Date(Date.now() + 3_600_000))
  expect(await due()).toBe(0)
  expect(await command(id, 'resume')).toBe(true)
  expect(await due()).toBe(CHUNKS)
  expect(await worker.begin({ batchId: id, chunk: 0 })).toBeDefined()
})

test('a chunk that somebody is at when its batch is paused is settled, and then is not due', async () => {
  const id = await rig.newBatch(300)
  const worker = rig.workerNamed('a')
  const claimed = await claimAll(worker, id)
  expect(claimed).toHaveLength(100)
  await command(id, 'pause')
  const settled = await worker.settle({ batchId: id, chunk: 0 })
  expect(settled).toMatchObject({ done: false })
  await worker.record(claimed.map((one) => resultOf(one, 'accepted')))
  expect(await worker.settle({ batchId: id, chunk: 0 })).toEqual({ done: true })
  await worker.begin({ batchId: id, chunk: 1 })
  await worker.settle({ batchId: id, chunk: 1 })
  expect(await due()).toBe(0)
  await command(id, 'resume')
  expect(await due()).toBe(2)
})

test('a lease that ends in a paused batch is judged all the same', async () => {
  const id = await rig.newBatch(3)
  await claimAll(rig.workerNamed('gone'), id)
  await command(id, 'pause')
  await rig.database.query(`UPDATE recipient SET lease_until = now() - interval '1 second'`)
  const worker = rig.workerNamed('a')
  expect(await worker.begin({ batchId: id, chunk: 0 })).toBeUndefined()
  expect(await worker.settle({ batchId: id, chunk: 0 })).toEqual({ done: true })
  expect(await rig.database.query('SELECT DISTINCT state FROM recipient')).toEqual([{ state: 'uncertain' }])
})

test('one that is resumed while a chunk of it is settled as paused stays due', async () => {
  const id = await rig.newBatch(200)
  await throughTheQueue()
  await runs(id)
  await command(id, 'pause')
  await rig.database.query(`UPDATE chunk SET due_at = now()`)
  // Somebody resumes it, and has not committed when the chunk is settled.
  const person = new Client({ connectionString: rig.postgres.url })
  await person.connect()
  await person.query('BEGIN')
  await person.query(`UPDATE batch SET state = 'running' WHERE id = $1`, [id])
  await person.query('UPDATE chunk SET due_at = now() WHERE batch_id = $1 AND NOT done', [id])
  const settling = rig.workerNamed('a').settle({ batchId: id, chunk: 0 })
  await until(
    () => rig.database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`),
    (waiting) => waiting.length > 0,
  )
  await person.query('COMMIT')
  await person.end()
  expect(await settling).toMatchObject({ done: false })
  expect(await due()).toBe(1)
})

test('what waits in the queue and is begun by nobody is published ever more rarely, at least every hour', async () => {
  const id = await rig.newBatch(1)
  await throughTheQueue()
  const waits: number[] = []
  const publish = async () => {
    expect(await wakeupLedger(rig.database).takeDue(10)).toHaveLength(1)
    const [row] = await rig.database.query<{ seconds: number }>(
      'SELECT round(extract(epoch FROM due_at - published_at))::int AS seconds FROM chunk',
    )
    waits.push(row?.seconds ?? 0)
  }
  await publish()
  for (let again = 0; again < 5; again += 1) {
    // As much time goes by as it is given.
    await rig.database.query(
      'UPDATE chunk SET published_at = published_at - (due_at - now()), due_at = now()',
    )
    await publish()
  }
  expect(waits.slice(0, 2)).toEqual([300, 600])
  expect(waits.slice(-2)).toEqual([3_600, 3_600])
  await rig.workerNamed('a').begin({ batchId: id, chunk: 0 })
  await rig.database.query('UPDATE chunk SET due_at = now()')
  await publish()
  expect(waits.at(-1)).toBe(300)
})

test('of many paused batches the queue is empty in the end, nothing is published again, and all are sent when they go on', async () => {
  const whole = await startRig()
  try {
    const worker = await whole.worker()
    await whole.sink.behave([{ address: '*', at: 'data', delayMs: 200 }])
    const ids: string[] = []
    for (let number = 0; number < 8; number += 1) ids.push(await worker.accept(1_000, `p${number}-`))
    for (const id of ids) expect((await worker.command(id, 'pause')).status).toBe(200)
    const rest = async () => {
      const [row] = await whole.sql<{ at_rest: number; of: number }>(
        `SELECT count(*) FILTER (WHERE done OR due_at = 'infinity' AND published_at IS NULL)::int AS at_rest,
           count(*)::int AS of FROM chunk`,
      )
      return row
    }
    await until(rest, (row) => row?.at_rest === row?.of && row?.of === 40, worker.log)
    const generations = () =>
      whole.sql('SELECT batch_id, number, generation FROM chunk WHERE NOT done ORDER BY 1, 2')
    const before = await generations()
    await whole.sink.behave([])
    const single = await worker.accept(1, 'single')
    await until(() => worker.batch(single), isFinished, worker.log)
    const since = (await generations()).filter((row) => row['batch_id'] !== single)
    expect(since).toEqual(before)
    for (const id of ids) await worker.command(id, 'resume')
    for (const id of ids) {
      const batch = await until(() => worker.batch(id), isFinished, worker.log)
      expect(batch).toMatchObject({ state: 'completed', counts: { sent: 1_000 } })
    }
    expect((await atTheSink(whole.sink)).duplicates).toBe(0)
  } finally {
    await whole.stop()
  }
})
