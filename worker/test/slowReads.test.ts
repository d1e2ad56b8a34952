/** Readers who wait for a locked table, while a batch is sent: they are told "not now", and nobody else notices. */
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pgbouncer } from '../../hack/servers/pgbouncer.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { startPgbouncer } from '../../hack/servers/pgbouncer.ts'
import { openDatabase } from '../src/store/database.ts'
import { boundedReads, TooManyReads } from '../src/store/reads.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let pooler: Pgbouncer
let worker: WorkerProcess
const READ_MS = 1_500
const READERS = 120

beforeAll(async () => {
  rig = await startRig()
  pooler = await startPgbouncer(rig.postgres.url, 10)
  worker = await rig.worker({}, { READ_MS: String(READ_MS) })
})
afterAll(async () => {
  await rig.stop()
  await pooler.stop()
})

/** Nobody but readers needs this table while nothing is asked to change. */
const locked = async (work: () => Promise<void>) => {
  const holder = new Client({ connectionString: rig.postgres.url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE audit IN ACCESS EXCLUSIVE MODE')
  try {
    await work()
  } finally {
    await holder.query('ROLLBACK')
    await holder.end()
  }
}

test('reads that never end stop neither sending nor readiness, and are refused for now', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 50 }])
  const before = await rig.sink.count()
  const id = await worker.accept(2_000, 'beside')
  await locked(async () => {
    const reads = Array.from({ length: READERS }, () => worker.get('/v1/audit'))
    const notReady: number[] = []
    let sent = await rig.sink.count()
    const atLock = sent
    while (sent - atLock < 1_000) {
      const { status } = await fetch(`${worker.internal}/readyz`)
      if (status !== 200) notReady.push(status)
      sent = await until(
        () => rig.sink.count(),
        (count) => count > sent,
        worker.log,
      )
    }
    expect(notReady).toEqual([])
    const answers = await Promise.all(reads)
    expect(answers.map(({ status }) => status)).toEqual(Array(READERS).fill(503))
    expect(answers.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true)
  })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 2_000, uncertain: 0 } })
  expect((await atTheSink(rig.sink, before)).duplicates).toBe(0)
  expect((await worker.get('/v1/audit')).status).toBe(200)
})

test('a batch is accepted and commanded while readers wait', async () => {
  await rig.sink.behave([])
  const holder = new Client({ connectionString: rig.postgres.url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE suppression IN ACCESS EXCLUSIVE MODE')
  let answered = 0
  let isOver = false
  const reader = async () => {
    while (!isOver) {
      const { status } = await worker.get('/v1/suppressions')
      expect(status).toBe(503)
      answered += 1
    }
  }
  const readers = Array.from({ length: 40 }, reader)
  await until(
    () => Promise.resolve(answered),
    (count) => count > 0,
  )
  const id = await worker.accept(10, 'meanwhile')
  expect((await worker.command(id, 'pause')).status).toBe(200)
  expect((await worker.command(id, 'cancel')).status).toBe(200)
  isOver = true
  await Promise.all(readers)
  await holder.query('ROLLBACK')
  await holder.end()
})

test('the server itself ends a read, also behind a pooler, and the limit stays with the transaction', async () => {
  const database = openDatabase({
    url: pooler.url,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
    terms: { statementMs: 300 },
  })
  const reads = boundedReads(database, { atOnce: 2, waiting: 0, patienceMs: 10_000 })
  await expect(reads.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ code: '57014' })
  const running = await rig.sql(
    `SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active'`,
  )
  expect(running).toEqual([])
  expect(await database.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }])
  await database.close()
})

test('of many reads some wait for their turn, and more than that are refused at once', async () => {
  const database = openDatabase({
    url: rig.postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  const reads = boundedReads(database, { atOnce: 1, waiting: 1, patienceMs: 60_000 })
  const read = () => reads.query<{ n: number }>('SELECT 1 AS n, pg_sleep(0.05)')
  const outcomes = await Promise.allSettled([read(), read(), read()])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(outcomes[2]).toMatchObject({ reason: expect.any(TooManyReads) as unknown })
  expect(await read()).toMatchObject([{ n: 1 }])
  await database.close()
})

test('one that waited in vain is refused, and its turn goes to the next', async () => {
  const database = openDatabase({
    url: rig.postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  const reads = boundedReads(database, { atOnce: 1, waiting: 5, patienceMs: 50 })
  const slow = reads.query('SELECT pg_sleep(1)')
  await expect(reads.query('SELECT 1')).rejects.toThrow(TooManyReads)
  await slow
  expect(await reads.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await database.close()
})
