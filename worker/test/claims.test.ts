/** Claims on a real PostgreSQL that is slow, locked or lost while it answers. */
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LedgerRig } from './ledgerRig.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'
import { findBatch } from '../src/store/batches.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

const LEASE_MS = 60_000
let rig: LedgerRig
let holder: Client

beforeAll(async () => {
  rig = await startLedgerRig(LEASE_MS)
  holder = new Client({ connectionString: rig.postgres.url })
  await holder.connect()
})
afterAll(async () => {
  await holder.end()
  await rig.stop()
})
beforeEach(async () => {
  await rig.database.query('DELETE FROM recipient')
})

/** Claims look at the list, so they wait; nothing else of a ledger does. */
const lockClaims = () => holder.query('BEGIN; LOCK TABLE suppression IN ACCESS EXCLUSIVE MODE')

const states = () =>
  rig.database.query('SELECT state, count(*)::int AS n FROM recipient GROUP BY state ORDER BY state')

const isWaiting = () =>
  until(
    () => rig.database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`),
    (waiting) => waiting.length > 0,
  )

test('a claim that waits behind a lock is ended by the server before it is given up here', async () => {
  const id = await rig.newBatch(10)
  const worker = rig.workerNamed('a', { claimMs: 300 })
  await lockClaims()
  await expect(claimAll(worker, id)).rejects.toMatchObject({ code: '57014' })
  await holder.query('ROLLBACK')
  expect(await states()).toEqual([{ state: 'pending', n: 10 }])
  expect(await claimAll(worker, id)).toHaveLength(10)
})

test('a claim that was given up here is not carried out when the lock is gone', async () => {
  const id = await rig.newBatch(10)
  const impatient = rig.open({ queryMs: 300 })
  await lockClaims()
  const worker = rig.workerNamed('a', { claimMs: 60_000 }, impatient)
  await expect(claimAll(worker, id)).rejects.toThrow('timeout')
  await isWaiting()
  await holder.query('ROLLBACK')
  await until(
    () =>
      rig.database.query(`SELECT FROM pg_stat_activity WHERE query LIKE 'WITH listed%' AND state <> 'idle'`),
    (running) => running.length === 0,
  )
  expect(await states()).toEqual([{ state: 'pending', n: 10 }])
})

test('a lease counts from the moment of the claim, however long that waited', async () => {
  const id = await rig.newBatch(10)
  await lockClaims()
  const claiming = claimAll(rig.workerNamed('a'), id)
  await isWaiting()
  const { rows } = await holder.query<{ at: Date }>('SELECT clock_timestamp() AS at')
  await holder.query('ROLLBACK')
  expect(await claiming).toHaveLength(10)
  const early = await rig.database.query(
    'SELECT seq FROM recipient WHERE lease_until < $1::timestamptz + make_interval(secs => $2)',
    [rows[0]?.at, LEASE_MS / 1_000],
  )
  expect(early).toEqual([])
})

test('a claim whose commit outlasts its lease is given back, not handed out', async () => {
  await rig.database.query(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.state = 'sending' THEN PERFORM pg_sleep(0.3); END IF; RETURN NULL; END $$`)
  await rig.database.query(`CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON recipient
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()`)
  const id = await rig.newBatch(2)
  const worker = rig.workerNamed('a', { leaseMs: 500 })
  expect(await claimAll(worker, id)).toEqual([])
  await rig.database.query('DROP FUNCTION dawdle CASCADE')
  expect(await states()).toEqual([{ state: 'pending', n: 2 }])
  expect(await claimAll(worker, id)).toHaveLength(2)
})

/** As if the commit of a claim had been carried out, and its answer lost. */
async function carriedOutUnheard(id: string, leaseSeconds: number) {
  const impatient = rig.open({ queryMs: 300 })
  await lockClaims()
  const given = rig.workerNamed('lost', { claimMs: 60_000 }, impatient)
  await expect(claimAll(given, id)).rejects.toThrow('timeout')
  await holder.query('ROLLBACK')
  await rig.database.query(
    `UPDATE recipient SET state = 'sending', attempt = 1, worker = 'lost#1',
       lease_until = now() + make_interval(secs => $2) WHERE batch_id = $1`,
    [id, leaseSeconds],
  )
  return given
}

test('rows of a claim that nobody heard of go back when their chunk is begun again, and are renewed by nobody', async () => {
  const id = await rig.newBatch(5)
  const given = await carriedOutUnheard(id, 3_600)
  await given.renew({ batchId: id, chunk: 0 })
  expect(
    await rig.database.query(
      `SELECT seq FROM recipient WHERE state = 'sending' AND lease_until < now() + interval '30 minutes'`,
    ),
  ).toEqual([])
  await given.begin({ batchId: id, chunk: 0 })
  expect(await states()).toEqual([{ state: 'pending', n: 5 }])
})

test('nobody who was not mailed stays uncertain: whoever lost the claim knows better than who found its end', async () => {
  const id = await rig.newBatch(5)
  const given = await carriedOutUnheard(id, -1)
  const other = rig.workerNamed('b')
  await other.begin({ batchId: id, chunk: 0 })
  await other.settle({ batchId: id, chunk: 0 })
  await until(
    async () => {
      await given.begin({ batchId: id, chunk: 0 })
      return (await findBatch(rig.database, id))?.counts
    },
    (counts) => counts?.uncertain === 0,
  )
  await rig.database.query('UPDATE recipient SET due_at = now()')
  const claimed = await claimAll(other, id)
  expect(claimed.map(({ seq, tries }) => [seq, tries])).toEqual([0, 1, 2, 3, 4].map((seq) => [seq, 0]))
  await other.record(claimed.map((one) => resultOf(one, 'recipient')))
  await other.settle({ batchId: id, chunk: 0 })
  expect(await findBatch(rig.database, id)).toMatchObject({ counts: { failed: 5, uncertain: 0 } })
})

test('claims are on disk also where the server does without, and stricter servers stay as they are', async () => {
  const inForce = async (setting: string) => {
    await rig.database.query(`ALTER ROLE postgres SET synchronous_commit = ${setting}`)
    const database = rig.open()
    const [row] = await database.transaction(
      (transaction) => transaction.query<{ synchronous_commit: string }>('SHOW synchronous_commit'),
      { isDurable: true },
    )
    return row?.synchronous_commit
  }
  expect(await inForce('off')).toBe('on')
  expect(await inForce('local')).toBe('on')
  expect(await inForce('remote_apply')).toBe('remote_apply')
  await rig.database.query('ALTER ROLE postgres RESET synchronous_commit')
})

test('two workers whose claims wait behind a lock for several leases leave nobody uncertain', async () => {
  const whole = await startRig()
  try {
    const tuning = { CLAIM_MS: '400', LEASE_MS: '1000' }
    const workers = [
      await whole.worker({ workerName: 'one' }, tuning),
      await whole.worker({ workerName: 'two' }, tuning),
    ]
    const [first] = workers
    if (first === undefined) throw new Error('no worker')
    const logs = () => workers.map((worker) => worker.log()).join('\n')
    const id = await first.accept(3_000, 'locked')
    await until(
      () => whole.sink.count(),
      (count) => count > 300,
      logs,
    )
    const locker = new Client({ connectionString: whole.postgres.url })
    await locker.connect()
    await locker.query('BEGIN; LOCK TABLE suppression IN ACCESS EXCLUSIVE MODE')
    const ended = () => workers.map((worker) => worker.log().split('statement timeout').length - 1)
    await until(
      () => Promise.resolve(ended()),
      (counts) => counts.every((count) => count >= 6),
      logs,
    )
    await locker.query('ROLLBACK')
    await locker.end()
    const batch = await until(() => first.batch(id), isFinished, logs)
    expect(batch).toMatchObject({ state: 'completed', counts: { sent: 3_000, uncertain: 0 } })
    expect(await whole.sink.count()).toBe(3_000)
  } finally {
    await whole.stop()
  }
})
