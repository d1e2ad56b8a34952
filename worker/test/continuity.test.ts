/** Two workers' memories and a PostgreSQL that goes back behind them, without anything else. */
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Pgbouncer } from '../../hack/servers/pgbouncer.ts'
import type { Continuity, ContinuityOptions } from '../src/store/continuity.ts'
import type { LostCommits } from '../src/store/lostCommits.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { startPgbouncer } from '../../hack/servers/pgbouncer.ts'
import { findBatch } from '../src/store/batches.ts'
import { openContinuity } from '../src/store/continuity.ts'
import { giveUp, otherWitnesses, testify } from '../src/store/witnesses.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'
import { until } from './until.ts'

let rig: LedgerRig
let pooler: Pgbouncer
const stopped: (() => Promise<void>)[] = []

beforeAll(async () => {
  rig = await startLedgerRig(60_000)
  pooler = await startPgbouncer(rig.postgres.url, 4)
})
afterEach(async () => {
  await Promise.all(stopped.splice(0).map((stop) => stop()))
  await rig.database.query('DELETE FROM witness')
})
afterAll(async () => {
  await rig.stop()
  await pooler.stop()
})

/** A worker with a memory; `lost` is what it was told at each comparison, `missing` whom it waited for in vain. */
function remembering(worker: string, more: Partial<ContinuityOptions> = {}, url = rig.postgres.url) {
  const database = rig.open({ url, connections: 2 })
  const stopping = new AbortController()
  const lost: LostCommits[] = []
  const absent: string[] = []
  const continuity: Continuity = openContinuity(database, {
    worker,
    provider: 'smtp',
    events: false,
    witnessMs: 60_000,
    ready: Promise.resolve(),
    stopping: stopping.signal,
    onCompared: (compared) => lost.push(compared),
    onMissing: (workers) => absent.push(...workers),
    onError: () => undefined,
    ...more,
  })
  const stop = async () => {
    stopping.abort()
    await continuity.finished
  }
  stopped.push(stop)
  return { continuity, lost, absent, stop, ledger: rig.workerNamed(worker, { continuity }, database) }
}

/** The rows of a batch as they were before anything of it was claimed, and a server that is started since. */
async function forget(id: string, more: readonly string[] = []) {
  await rig.database.query(
    `UPDATE recipient SET state = 'pending', attempt = 0, worker = NULL, lease_until = NULL WHERE batch_id = $1`,
    [id],
  )
  for (const statement of more) await rig.database.query(statement)
  await rig.postgres.restart()
}

test('nobody claims before everybody has compared, and who was mailed is in doubt', async () => {
  const id = await rig.newBatch(20)
  const [a, b] = [remembering('a'), remembering('b')]
  await Promise.all([a.continuity.settled(), b.continuity.settled()])
  const claimed = await claimAll(a.ledger, id)
  await a.ledger.record(claimed.map((one) => resultOf(one, one.seq < 15 ? 'accepted' : 'unreachable')))
  await forget(id)
  const [again] = await Promise.all([
    until(
      () => claimAll(b.ledger, id),
      (rows) => rows.length > 0,
    ),
    until(
      () => Promise.resolve(a.lost),
      (lost) => lost.length === 2,
    ),
  ])
  // Those of whom it is known that no mail went may get theirs.
  expect(again.map(({ seq }) => seq)).toEqual([15, 16, 17, 18, 19])
  expect(a.lost[1]).toEqual({ remembered: 15, doubted: 15, again: [], batches: [] })
  expect((await findBatch(rig.database, id))?.counts).toMatchObject({ uncertain: 15, sending: 5 })
  const attempts = await rig.database.query(
    `SELECT DISTINCT outcome, error_code FROM attempt WHERE batch_id = $1 AND outcome = 'lost'`,
    [id],
  )
  expect(attempts).toEqual([{ outcome: 'lost', error_code: 'commit_lost' }])
})

test('a claim that meets another server than was looked at makes nobody ours', async () => {
  const id = await rig.newBatch(5)
  const { ledger, continuity } = remembering('a')
  const server = await continuity.settled()
  const work = await ledger.begin({ batchId: id, chunk: 0 })
  if (work === undefined) throw new Error('nothing to do')
  await rig.postgres.restart()
  const claimed = await until(
    () => ledger.claim(work, 10),
    (rows) => rows.length === 5,
  )
  expect(await continuity.settled()).not.toBe(server)
  expect(claimed.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1])
})

test('a worker that is remembered is waited for, also by a server that has forgotten it, and not for ever', async () => {
  const id = await rig.newBatch(5)
  // Another that is there, and does not come back.
  await rig.database.query(
    `INSERT INTO witness SELECT 'b', (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text,
       now() + interval '1 hour'`,
  )
  const a = remembering('a', { witnessMs: 6_000 })
  await a.continuity.settled()
  await forget(id, [`DELETE FROM witness WHERE worker = 'b'`])
  const claimed = await until(
    () => claimAll(a.ledger, id),
    (rows) => rows.length === 5,
  )
  expect(claimed).toHaveLength(5)
  expect(a.absent).toEqual(['b'])
})

test('a worker is waited for that was there before the server was away for long, and one that came long ago is not', async () => {
  const id = await rig.newBatch(5)
  const [a, b] = [remembering('a'), remembering('b')]
  await Promise.all([a.continuity.settled(), b.continuity.settled()])
  const claimed = await claimAll(b.ledger, id)
  await b.ledger.record(claimed.map((one) => resultOf(one, 'accepted')))
  await forget(id, [
    `UPDATE witness SET until = now() - interval '20 minutes'`,
    `INSERT INTO witness VALUES ('c', 'another', now() - interval '2 hours')`,
  ])
  await until(
    () => Promise.resolve([a, b].map(({ lost }) => lost.length)),
    (compared) => compared.every((count) => count === 2),
  )
  await a.continuity.settled()
  expect(await claimAll(a.ledger, id)).toEqual([])
  expect([a.absent, b.absent]).toEqual([[], []])
  expect((await findBatch(rig.database, id))?.counts).toMatchObject({ uncertain: 5 })
})

test('only who was heard of within the hour is waited for', async () => {
  await rig.database.query(
    `INSERT INTO witness VALUES ('b', 'another', now() - interval '20 minutes'), ('c', 'another', now() - interval '2 hours')`,
  )
  const a = remembering('a', { witnessMs: 2_000 })
  await a.continuity.settled()
  expect(a.absent).toEqual(['b'])
})

test('a worker is heard again before others would cease to count it as there', async () => {
  const heard = async () => {
    const [row] = await rig.database.query<{ until: Date }>(`SELECT until FROM witness WHERE worker = 'a'`)
    return row?.until.getTime() ?? 0
  }
  const a = remembering('a', { witnessMs: 3_000 })
  await a.continuity.settled()
  const before = await heard()
  expect(await until(heard, (now) => now > before)).toBeGreaterThan(before)
})

test('who has looked after all is not given up, and is not taken for one that has not', async () => {
  await testify(rig.database, 'b', [], 60_000)
  expect(await giveUp(rig.database, ['b'])).toEqual([])
  await testify(rig.database, 'a', ['b'], 60_000)
  expect(await otherWitnesses(rig.database, 'a')).toEqual([{ worker: 'b', hasLooked: true, isThere: true }])
})

test('whoever was claimed again by another is told by name, and batches that are gone by their ids', async () => {
  const [kept, gone] = [await rig.newBatch(3, 'kept'), await rig.newBatch(3, 'gone')]
  const a = remembering('a')
  for (const id of [kept, gone]) {
    const claimed = await claimAll(a.ledger, id)
    await a.ledger.record(claimed.map((one) => resultOf(one, 'accepted')))
  }
  await forget(kept, [
    // As a worker does that knows nothing of witnesses.
    `UPDATE recipient SET state = 'sending', attempt = 1, worker = 'old#1' WHERE batch_id = '${kept}'`,
    ...['chunk WHERE batch_id', 'recipient WHERE batch_id', 'batch WHERE id'].map(
      (rows) => `DELETE FROM ${rows} = '${gone}'`,
    ),
  ])
  const [, second] = await until(
    () => Promise.resolve(a.lost),
    (lost) => lost.length === 2,
  )
  expect(second).toMatchObject({ doubted: 0, batches: [gone] })
  expect(second?.again.map(({ batchId, seq }) => [batchId, seq])).toEqual([0, 1, 2].map((seq) => [kept, seq]))
  const marked = await rig.database.query(
    `SELECT count(*)::int AS n FROM attempt WHERE batch_id = $1 AND outcome = 'lost'`,
    [kept],
  )
  expect(marked).toEqual([{ n: 3 }])
})

test('it works behind a pooler, and leaves nothing there when it ends', async () => {
  const id = await rig.newBatch(5)
  const { ledger, stop } = remembering('pooled', {}, pooler.url)
  expect(await claimAll(ledger, id)).toHaveLength(5)
  await stop()
  const client = new Client({ connectionString: rig.postgres.url })
  await client.connect()
  const { rows } = await client.query('SELECT FROM witness')
  await client.end()
  expect(rows).toEqual([])
})
