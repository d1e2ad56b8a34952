/** Batches that pause by themselves, and what of them is tried again. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { batchStore } from '../src/store/batchStore.ts'
import { findBatch } from '../src/store/batches.ts'
import { startLedgerRig } from './ledgerRig.ts'
import { atTheSink, isFinished, startRig, TOKEN } from './rig.ts'
import { logged, until } from './until.ts'

let rig: Rig
let worker: WorkerProcess
let ledgers: LedgerRig

beforeAll(async () => {
  ;[rig, ledgers] = await Promise.all([startRig(), startLedgerRig(60_000)])
  worker = await rig.worker()
})
afterAll(() => Promise.all([rig.stop(), ledgers.stop()]))
beforeEach(() => rig.sink.behave([]))

const pausedOf = (id: string) =>
  until(
    () => worker.batch(id),
    ({ state }) => state === 'paused',
    worker.log,
  )

test('a batch of which everybody gets the same refusal pauses, tells why, and goes on when a person says so', async () => {
  const before = await rig.sink.count()
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 550, message: 'not from you' }])
  const id = await worker.accept(3_000, 'blocked')
  const paused = await pausedOf(id)
  expect(paused).toMatchObject({
    pauseReason: {
      errorClass: 'recipient',
      errorCode: 'smtp_550',
      words: expect.stringContaining('not from you') as string,
      count: 20,
      of: 20,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    },
  })
  expect(await logged(worker, 'a batch paused by itself')).toBe(1)
  await logged(worker, 'a refusal that this batch had not met')
  const told = worker
    .log()
    .split('\n')
    .filter((line) => line.includes('a refusal that this batch had not met'))
  expect(told.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ batchId: id, class: 'recipient', code: 'smtp_550', words: '550 not from you' }),
  ])
  const metrics = await (await fetch(`${worker.internal}/metrics`)).text()
  expect(metrics).toContain('batchsender_batches_paused_total{class="recipient"} 1')
  // What was under way is refused too, and no more.
  const rest = await until(
    () => worker.batch(id),
    ({ counts }) => counts.sending === 0,
    worker.log,
  )
  expect(rest.counts.failed).toBeLessThan(500)
  expect(rest.counts.failed + rest.counts.pending).toBe(3_000)

  await rig.sink.behave([])
  const resumed = (await (await worker.command(id, 'resume')).json()) as object
  expect(resumed).not.toHaveProperty('pauseReason')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({
    state: 'completed_with_failures',
    counts: { failed: rest.counts.failed, sent: 3_000 - rest.counts.failed },
  })
  expect(await retry(id, {})).toMatchObject({ retried: 0 })
  expect(await retry(id, { force: true, errorCode: 'smtp_550' })).toMatchObject({
    retried: rest.counts.failed,
  })
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({
    state: 'completed',
    counts: { sent: 3_000 },
  })
  expect((await atTheSink(rig.sink, before)).duplicates).toBe(0)
})

test('the refusal that a person went on with pauses that run no more, another one does', async () => {
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 550, message: 'no such user' }])
  const id = await worker.accept(1_500, 'bad')
  await pausedOf(id)
  await rig.sink.behave([
    { address: '*', at: 'rcpt', code: 550, message: 'no such user', times: 1 },
    { address: '*', at: 'rcpt', code: 556, message: 'another' },
  ])
  await worker.command(id, 'resume')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { failed: 1_500 } })

  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 556, message: 'another' }])
  expect(await retry(id, { force: true })).toMatchObject({ retried: 1_500 })
  expect(await pausedOf(id)).toMatchObject({ pauseReason: { errorCode: 'smtp_556' } })
  await worker.command(id, 'cancel')
})

test('what came of a batch before a pause, or in an earlier run, does not pause it afterwards', async () => {
  const refusal = {
    class: 'recipient',
    code: 'smtp_550',
    enhancedCode: null,
    detail: 'no',
    count: 20,
    of: 25,
  }
  const id = await ledgers.newBatch(300)
  const a = ledgers.workerNamed('a')
  const begin = async () => {
    const work = await a.begin({ batchId: id, chunk: 0 })
    if (!work) throw new Error('nothing is to be sent')
    return work
  }
  const resume = () =>
    batchStore(ledgers.database, { onDue: () => undefined, events: false }).command(id, 'resume', {
      action: 'batch.resumed',
      userId: 'u',
      resource: id,
      metadata: {},
      ip: '',
      userAgent: '',
    })
  const first = await begin()
  expect(await a.pauseBatch(first, refusal)).toBe(true)
  expect(await a.pauseBatch(first, refusal)).toBe(false)
  expect(await findBatch(ledgers.database, id)).toMatchObject({ state: 'paused', pauseReason: refusal })
  expect(
    await ledgers.database.query('SELECT DISTINCT due_at FROM chunk WHERE batch_id = $1 AND number = 1', [
      id,
    ]),
  ).toEqual([{ due_at: Infinity }])
  await resume()
  const second = await begin()
  expect(second.accepted).toEqual(['recipient|smtp_550|'])
  expect(await a.pauseBatch(first, refusal)).toBe(false)
  expect(await a.pauseBatch({ ...second, run: 7 }, refusal)).toBe(false)
  // Another reason; what was accepted before stays so.
  expect(await a.pauseBatch(second, { ...refusal, code: 'smtp_554', enhancedCode: '5.7.1' })).toBe(true)
  await resume()
  const third = await begin()
  expect(third.accepted).toEqual(['recipient|smtp_550|', 'recipient|smtp_554|5.7.1'])
  // Whoever resumes one that runs changes nothing.
  await resume()
  expect((await begin()).resumed).toBe(third.resumed)
  await a.failBatch(third, 'sender', 'smtp_553')
  expect(await a.pauseBatch(third, refusal)).toBe(false)
})

const asked = (id: string, body: string | undefined, type = 'application/json') =>
  fetch(`${worker.api}/v1/batches/${id}/retry-failed`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body }),
  })
const retry = async (id: string, body: object) =>
  (await (await asked(id, JSON.stringify(body))).json()) as BatchView & { retried: number }

test('of the failed those are tried again that are asked for, and never one whom a mail may have reached', async () => {
  await rig.sink.behave([
    { address: 'some0@example.org', at: 'rcpt', code: 550 },
    { address: 'some1@example.org', at: 'rcpt', code: 551 },
    { address: 'some2@example.org', at: 'rcpt', code: 551 },
    { address: 'some3@example.org', at: 'rcpt', code: 550 },
    { address: 'some4@example.org', at: 'rcpt', code: 550 },
  ])
  const id = await worker.accept(6, 'some')
  await until(() => worker.batch(id), isFinished, worker.log)
  await rig.sql(
    `INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider) VALUES ($1, 4, 0, 'lost', 'w', 'smtp')`,
    [id],
  )
  await rig.sql(`UPDATE recipient SET error_class = 'transient' WHERE batch_id = $1 AND seq = 3`, [id])
  await rig.sink.behave([])
  const failedNow = async () =>
    (
      await rig.sql<{ seq: number }>(
        `SELECT seq FROM recipient WHERE batch_id = $1 AND state = 'failed' ORDER BY 1`,
        [id],
      )
    ).map(({ seq }) => seq)

  expect(await retry(id, { errorCode: 'smtp_551' })).toMatchObject({ retried: 0, retries: 0 })
  expect(
    await retry(id, { recipients: ['some1@example.org', 'some5@example.org'], force: true }),
  ).toMatchObject({
    retried: 1,
  })
  await until(() => worker.batch(id), isFinished, worker.log)
  expect(await failedNow()).toEqual([0, 2, 3, 4])
  expect(await retry(id, { errorCode: 'smtp_551', force: true })).toMatchObject({ retried: 1 })
  await until(() => worker.batch(id), isFinished, worker.log)
  // No body, and an empty one that is said to be JSON: all that may fare better.
  expect(await (await asked(id, '')).json()).toMatchObject({ retried: 1 })
  await until(() => worker.batch(id), isFinished, worker.log)
  expect(await (await asked(id, undefined)).json()).toMatchObject({ retried: 0 })
  expect(await retry(id, { force: true })).toMatchObject({ retried: 1 })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect([batch.counts.sent, await failedNow()]).toEqual([5, [4]])

  const audit = (await (await worker.get('/v1/audit?action=batch.retried&limit=10')).json()) as {
    items: { resource: string; metadata: object }[]
  }
  const told = audit.items.filter(({ resource }) => resource.endsWith(id)).map(({ metadata }) => metadata)
  expect(told).toMatchObject([
    { force: 'true', recipients: 1 },
    { recipients: 0 },
    { recipients: 1 },
    { errorCode: 'smtp_551', force: 'true', recipients: 1 },
    { addresses: 2, force: 'true', recipients: 1 },
    { errorCode: 'smtp_551', recipients: 0 },
  ])
})

test.each([
  ['another field', { reason: 'x' }, [{ pointer: '/reason', code: 'unknown_field' }]],
  [
    'what is no address',
    { recipients: ['a@example.org', 'b'] },
    [{ pointer: '/recipients/1', code: 'malformed_address' }],
  ],
  ['nobody', { recipients: [] }, [{ pointer: '/recipients', code: 'minItems' }]],
  [
    'too many',
    { recipients: Array.from({ length: 10_001 }, (_, n) => `a${n}@example.org`) },
    [{ code: 'maxItems' }],
  ],
  ['something else than yes or no', { force: 'yes' }, [{ pointer: '/force', code: 'type' }]],
])('%s is refused', async (_, body, errors) => {
  const id = await worker.accept(1, 'refused')
  const answer = await asked(id, JSON.stringify(body))
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ errors })
})
