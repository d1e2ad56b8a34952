import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { atTheSink, batchOf, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())
beforeEach(() => rig.sink.behave([]))

interface Listed {
  readonly items: {
    address: string
    state: string
    attempts: number
    errorClass?: string
    errorCode?: string
  }[]
}

const listed = async (id: string, query: string): Promise<Listed> =>
  (await (await worker.get(`/v1/batches/${id}/recipients?${query}`)).json()) as Listed

test('an address refused for now is tried again and delivered; one refused for good fails alone', async () => {
  await rig.sink.behave([
    { address: 'r1@example.org', at: 'rcpt', code: 451, times: 1 },
    { address: 'r2@example.org', at: 'data', code: 452, times: 1 },
    { address: 'r3@example.org', at: 'rcpt', code: 550, message: 'no such user' },
    { address: 'r4@example.org', at: 'data', code: 554, message: '5.1.1 <r4@example.org>: gone' },
  ])
  const id = await worker.accept(10)
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({
    state: 'completed_with_failures',
    counts: { sent: 8, failed: 2, uncertain: 0 },
  })
  expect((await listed(id, 'state=failed')).items).toMatchObject([
    { address: 'r3@example.org', attempts: 1, errorClass: 'recipient', errorCode: 'smtp_550' },
    { address: 'r4@example.org', attempts: 1, errorClass: 'recipient', errorCode: 'smtp_554' },
  ])
  const tried = (await listed(id, 'state=sent')).items.filter(({ attempts }) => attempts === 2)
  expect(tried.map(({ address }) => address)).toEqual(['r1@example.org', 'r2@example.org'])
  expect(JSON.stringify(await listed(id, 'state=failed'))).not.toContain('no such user')
})

test('a connection that breaks after the mail was handed over leaves it uncertain and is not sent again', async () => {
  const before = await rig.sink.count()
  await rig.sink.behave([{ address: 'drop1@example.org', at: 'data', drop: true }])
  const id = await worker.accept(3, 'drop')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { sent: 2, uncertain: 1 } })
  expect((await atTheSink(rig.sink, before)).messages).toHaveLength(3)
})

test('a sender that is refused fails the batch once', async () => {
  await rig.sink.behave([{ address: 'sender@example.org', at: 'mail', code: 550 }])
  const id = await worker.accept(1_000, 'sender')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch.state).toBe('failed')
  const settled = await until(
    () => worker.batch(id),
    ({ counts }) => counts.failed === 1_000,
    worker.log,
  )
  expect(settled.counts.sent).toBe(0)
  const [row] = await rig.sql<{ attempts: number }>(
    'SELECT count(*)::int AS attempts FROM attempt WHERE batch_id = $1',
    [id],
  )
  expect(row?.attempts).toBeLessThan(500)
})

test('a paused batch waits, a resumed one goes on, a cancelled one ends', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 50 }])
  const command = async (id: string, name: string) =>
    fetch(`${worker.api}/v1/batches/${id}/${name}`, {
      method: 'POST',
      headers: { authorization: 'Bearer a-token-of-the-tests' },
    })
  const id = await worker.accept(2_000, 'pause')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.sent > 100,
    worker.log,
  )
  const paused = (await (await command(id, 'pause')).json()) as BatchView
  expect(paused.state).toBe('paused')
  const resting = await until(
    () => worker.batch(id),
    ({ counts }) => counts.sending === 0,
    worker.log,
  )
  expect(resting.counts.pending).toBeGreaterThan(0)
  // What was being claimed at that moment may follow what was under way.
  expect(resting.counts.sent).toBeLessThanOrEqual(paused.counts.sent + paused.counts.sending + 50)
  expect((await worker.batch(id)).counts.sent).toBe(resting.counts.sent)
  expect((await command(id, 'resume')).status).toBe(200)
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.sent > resting.counts.sent,
    worker.log,
  )
  expect(await (await command(id, 'cancel')).json()).toMatchObject({ state: 'cancelled' })
  const ended = await until(
    () => worker.batch(id),
    ({ counts }) => counts.sending === 0,
    worker.log,
  )
  expect(ended.counts.sent + ended.counts.cancelled).toBe(2_000)
  expect(ended.counts.cancelled).toBeGreaterThan(0)
  expect((await command(id, 'resume')).status).toBe(409)
})

test('two workers share a batch, send no mail twice and together keep to the rate', async () => {
  const rate = 150
  const pair = await Promise.all([
    rig.worker({ maxPerSecond: rate, workerName: 'one' }),
    rig.worker({ maxPerSecond: rate, workerName: 'two' }),
  ])
  await worker.kill()
  const before = await rig.sink.count()
  const response = await pair[0].post(batchOf(900, 'pair'))
  const { id } = (await response.json()) as { id: string }
  const batch = await until(() => pair[1].batch(id), isFinished, pair[0].log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 900 } })
  expect((await atTheSink(rig.sink, before)).duplicates).toBe(0)
  const shares = await rig.sql<{ name: string; mails: number }>(
    `SELECT split_part(worker, '/', 1) AS name, count(*)::int AS mails FROM attempt
     WHERE batch_id = $1 GROUP BY 1 ORDER BY 1`,
    [id],
  )
  expect(shares.map(({ name }) => name)).toEqual(['one', 'two'])
  const [busiest] = await rig.sql<{ mails: number }>(
    `SELECT max(mails)::int AS mails FROM (
       SELECT (SELECT count(*) FROM attempt later WHERE later.batch_id = $1
         AND later.started_at BETWEEN attempt.started_at AND attempt.started_at + interval '1 second') AS mails
       FROM attempt WHERE batch_id = $1) AS windows`,
    [id],
  )
  expect(busiest?.mails).toBeLessThanOrEqual(rate * 1.5)
  console.log(`rate ${rate}/s: busiest second ${busiest?.mails}`, shares)
  await Promise.all(pair.map((each) => each.kill()))
  await worker.start()
})
