/** Figures of the work of all workers: summed up from what is kept, on a real PostgreSQL. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RetryClass } from '../src/domain/retryClasses.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { commandBatch } from '../src/store/batches.ts'
import { longestStandstill, noteStandstill } from '../src/store/standstill.ts'
import {
  OPEN_BATCHES,
  OPEN_RECIPIENTS,
  openBatches,
  openRecipients,
  UNCERTAIN,
  uncertainRecipients,
} from '../src/store/workFigures.ts'
import { forgetState, sharedStates, shareState, type WorkerState } from '../src/store/workerStates.ts'
import { resultOf, startLedgerRig } from './ledgerRig.ts'

let rig: LedgerRig
beforeAll(async () => {
  rig = await startLedgerRig(60_000)
})
beforeEach(async () => {
  await rig.database.query(
    'TRUNCATE batch, chunk, recipient, recipient_tally, standstill, worker_state CASCADE',
  )
})
afterAll(() => rig.stop())

/** Sends the first chunk of a batch, all of it with one class each in its turn. */
async function send(batchId: string, ...classes: readonly RetryClass[]): Promise<void> {
  const worker = rig.workerNamed('a')
  const work = await worker.begin({ batchId, chunk: 0 })
  const claimed = work === undefined ? [] : await worker.claim(work, 1_000)
  const results = claimed.map((one) => resultOf(one, classes[one.seq % classes.length] ?? 'accepted'))
  if (results.length > 0) await worker.record(results)
  await worker.settle({ batchId, chunk: 0 })
}

test('batches and recipients are told by state, but those of batches at their end', async () => {
  await send(await rig.newBatch(4), 'accepted', 'ambiguous')
  await rig.newBatch(3)
  const paused = await rig.newBatch(2)
  await rig.database.transaction((each) => commandBatch(each, paused, 'pause'))
  await send(await rig.newBatch(6), 'accepted', 'throttle', 'recipient')
  expect(await openBatches(rig.database)).toEqual({ open: 0, accepted: 1, running: 1, paused: 1 })
  expect(await openRecipients(rig.database)).toEqual({
    pending: 5,
    sending: 0,
    deferred: 2,
    sent: 2,
    failed: 2,
    uncertain: 0,
    cancelled: 0,
    suppressed: 0,
  })
  expect(await uncertainRecipients(rig.database)).toBe(2)
})

test('nobody reads the batches and tallies of the past', async () => {
  for (let batch = 0; batch < 3; batch += 1) await send(await rig.newBatch(2), 'ambiguous')
  await rig.newBatch(3)
  await rig.database.query(
    `WITH past AS (
       INSERT INTO batch (id, user_id, sender, subject, recipients, duplicates, state, tallied)
       SELECT gen_random_uuid(), 'u', 's@example.org', 's', 1, 0, 'completed', true FROM generate_series(1, 20000)
       RETURNING id)
     INSERT INTO recipient_tally (batch_id, state, change, seq, folded) SELECT id, 'sent', 1, 0, true FROM past`,
  )
  await rig.database.query('ANALYZE batch, recipient_tally')
  const planOf = async (statement: string) =>
    (await rig.database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`))
      .map((row) => row['QUERY PLAN'])
      .join('\n')
  expect(await planOf(UNCERTAIN)).toContain('recipient_tally_uncertain')
  for (const statement of [OPEN_BATCHES, OPEN_RECIPIENTS, UNCERTAIN])
    expect(await planOf(statement)).not.toContain('Seq Scan')
  expect(await uncertainRecipients(rig.database)).toBe(6)
  expect(await openBatches(rig.database)).toMatchObject({ accepted: 1 })
  expect(await openRecipients(rig.database)).toMatchObject({ pending: 3, sent: 0 })
})

const backdate = (minutes: number) =>
  rig.database.query(`UPDATE standstill SET since = since - make_interval(mins => $1)`, [minutes])
const seconds = async () => (await longestStandstill(rig.database))?.seconds ?? 0

test('a batch stands still until one of its recipients is through', async () => {
  const id = await rig.newBatch(4)
  await noteStandstill(rig.database)
  await backdate(20)
  await noteStandstill(rig.database)
  expect(await seconds()).toBeGreaterThanOrEqual(1_200)
  await send(id, 'throttle')
  await noteStandstill(rig.database)
  expect(await seconds()).toBeGreaterThanOrEqual(1_200)
  await rig.database.query(`UPDATE recipient SET due_at = now() WHERE seq < 2`)
  await send(id, 'accepted')
  await noteStandstill(rig.database)
  expect(await seconds()).toBeLessThan(600)
})

test.each([
  { what: 'of which nothing is due for long', how: `due_at = now() + interval '10 minutes'`, stands: false },
  {
    what: 'that waits in the queue',
    how: `due_at = now() + interval '10 minutes', published_at = now()`,
    stands: true,
  },
  { what: 'that was put aside', how: 'dead_at = now()', stands: false },
  { what: 'that is done', how: 'done = true', stands: false },
])('a batch $what stands still: $stands', async ({ how, stands }) => {
  await rig.newBatch(4)
  await noteStandstill(rig.database)
  await backdate(20)
  await rig.database.query(`UPDATE chunk SET ${how}`)
  await noteStandstill(rig.database)
  expect((await seconds()) > 0).toBe(stands)
})

const nobodyCompared = (minutes: number) =>
  rig.database.query(`UPDATE standstill SET compared_at = compared_at - make_interval(mins => $1)`, [minutes])

test('a night without workers is none that a batch stood still in', async () => {
  await rig.newBatch(4)
  await noteStandstill(rig.database)
  await backdate(600)
  await nobodyCompared(600)
  expect(await seconds()).toBe(0)
  await noteStandstill(rig.database)
  expect(await seconds()).toBeLessThan(60)
  expect(await longestStandstill(rig.database)).toBeDefined()
})

test('a worker that takes over from one that died goes on with what that one saw', async () => {
  await rig.newBatch(4)
  await noteStandstill(rig.database)
  await backdate(20)
  for (let look = 0; look < 3; look += 1) {
    await nobodyCompared(3)
    await noteStandstill(rig.database)
    expect(await seconds()).toBeGreaterThanOrEqual(1_200)
  }
})

test('a look that finds nothing new writes nothing', async () => {
  await rig.newBatch(4)
  const version = () => rig.database.query('SELECT xmin::text FROM standstill')
  await noteStandstill(rig.database)
  const before = await version()
  await noteStandstill(rig.database)
  expect(await version()).toEqual(before)
})

test('a paused batch stands still for a reason', async () => {
  const id = await rig.newBatch(4)
  await noteStandstill(rig.database)
  await backdate(20)
  await rig.database.transaction((each) => commandBatch(each, id, 'pause'))
  expect(await seconds()).toBe(0)
})

const away: WorkerState = {
  attempts: { attempts: 7, refused: 3, most: 'unreachable' },
  outage: {
    since: new Date('2026-11-23T12:00:00.000Z'),
    lastAt: new Date('2026-11-23T12:01:00.000Z'),
    retryClass: 'unreachable',
    code: 'smtp_421',
    replyCode: 421,
  },
  forgedAt: new Date('2026-11-23T11:00:00.000Z'),
  answers: { answers: 50, slow: 4, failed: 2 },
}
const well: WorkerState = {
  attempts: { attempts: 0, refused: 0 },
  outage: undefined,
  forgedAt: undefined,
  answers: { answers: 0, slow: 0, failed: 0 },
}

test('workers hear of each other, as they said it last, and not of themselves or of those who are gone', async () => {
  await shareState(rig.database, 'a', away)
  await shareState(rig.database, 'b', away)
  await shareState(rig.database, 'b', well)
  expect(await sharedStates(rig.database, 'c')).toEqual([away, well])
  expect(await sharedStates(rig.database, 'a')).toEqual([well])
  await rig.database.query(
    `UPDATE worker_state SET heard_at = now() - interval '1 minute' WHERE worker = 'a'`,
  )
  expect(await sharedStates(rig.database, 'c')).toEqual([well])
  await forgetState(rig.database, 'b')
  expect(await sharedStates(rig.database, 'c')).toEqual([])
  await rig.database.query(`UPDATE worker_state SET heard_at = now() - interval '2 hours'`)
  await shareState(rig.database, 'd', well)
  expect(await rig.database.query('SELECT worker FROM worker_state')).toEqual([{ worker: 'd' }])
})
