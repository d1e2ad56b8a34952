import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../src/store/database.ts'
import type { Rig } from './rig.ts'
import { startResendDouble } from '../../hack/standins/resend.ts'
import { startSesDouble } from '../../hack/standins/ses.ts'
import { openDatabase } from '../src/store/database.ts'
import { tokenBucket } from '../src/store/rate.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { logged, until } from './until.ts'

let rig: Rig
let database: Database

beforeAll(async () => {
  rig = await startRig()
  database = openDatabase({
    url: rig.postgres.url,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
})
afterAll(async () => {
  await database.close()
  await rig.stop()
})

const ses = (url: string, more: object = {}) =>
  ({
    provider: 'ses',
    sesRegion: 'eu-west-1',
    sesEndpoint: url,
    sesAccessKeyId: 'id',
    sesSecretAccessKey: 'secret',
    ...more,
  }) as const

/** Mails between the first and the last, each second; the time between is what the limit allows for. */
const perSecond = (instants: readonly number[]) => {
  const [first, last] = [Math.min(...instants), Math.max(...instants)]
  return ((instants.length - 1) * 1_000) / (last - first)
}

/** The most that came within any stretch of so many seconds. */
const mostWithin = (seconds: number, instants: readonly number[]): number => {
  const sorted = instants.toSorted((a, b) => a - b)
  let first = 0
  return sorted.reduce((most, at, last) => {
    while (at - (sorted[first] ?? at) >= seconds * 1_000) first += 1
    return Math.max(most, last - first + 1)
  }, 0)
}

/** Long enough that the capacity of the bucket, a fifth of a second, is not all of the five percent. */
const WINDOW_SECONDS = 10

/** How many times the capacity of the bucket, a fifth of a second, is in a run. */
const WITHIN = 1.05
/** What two workers with enough to do must make of a limit. */
const EXHAUSTED = 0.95

test('two workers keep one limit together', async () => {
  const limit = 60
  const workers = await Promise.all([
    rig.worker({ workerName: 'one', maxPerSecond: limit }),
    rig.worker({ workerName: 'two', maxPerSecond: limit }),
  ])
  const before = await rig.sink.count()
  const ids = await Promise.all([workers[0].accept(400, 'one'), workers[1].accept(400, 'two')])
  for (const id of ids) await until(() => workers[0].batch(id), isFinished, workers[0].log)
  const { messages } = await atTheSink(rig.sink, before)
  expect(messages).toHaveLength(800)
  const instants = messages.map(({ receivedAt }) => Date.parse(receivedAt))
  expect(perSecond(instants)).toBeLessThanOrEqual(limit * WITHIN)
  expect(perSecond(instants)).toBeGreaterThanOrEqual(limit * EXHAUSTED)
  const most = mostWithin(WINDOW_SECONDS, instants)
  expect(most).toBeLessThanOrEqual(limit * WINDOW_SECONDS * WITHIN)
  console.log(
    `${perSecond(instants).toFixed(2)} mails/s of ${limit}, at most ${most} within ${WINDOW_SECONDS} s`,
  )
  const [both] = await rig.sql<{ n: number }>(
    `SELECT count(DISTINCT split_part(worker, '/', 1))::int AS n FROM attempt WHERE batch_id = ANY($1)`,
    [ids],
  )
  expect(both?.n).toBe(2)
  await Promise.all(workers.map((worker) => worker.kill()))
})

test('the rate that SES tells is kept by two workers, below what the settings allow', async () => {
  const double = await startSesDouble({ said: 50 })
  const settings = ses(double.url, { maxPerSecond: 500 })
  const workers = await Promise.all([
    rig.worker({ workerName: 'one', ...settings }),
    rig.worker({ workerName: 'two', ...settings }),
  ])
  const id = await workers[0].accept(500, 'ses')
  const batch = await until(() => workers[0].batch(id), isFinished, workers[0].log)
  expect(batch.counts.sent).toBe(500)
  expect(perSecond(double.takenAt)).toBeLessThanOrEqual(50 * WITHIN)
  await Promise.all(workers.map((worker) => worker.kill()))
  await double.close()
})

test('a provider that finds it too much is sent less, and no try is spent', async () => {
  await rig.sql('DELETE FROM rate')
  const double = await startSesDouble({ said: undefined, enforced: 20 })
  const worker = await rig.worker(ses(double.url, { maxPerSecond: 100 }))
  const id = await worker.accept(150, 'throttled')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 150 } })
  await logged(worker, 'does not tell how much')
  expect(double.refusals()).toBeGreaterThan(0)
  expect(double.takenAt).toHaveLength(150)
  expect(await rig.sql('SELECT DISTINCT tries FROM recipient WHERE batch_id = $1', [id])).toEqual([
    { tries: 1 },
  ])
  const [row] = await rig.sql<{ share: number }>(`SELECT share FROM rate WHERE account = 'ses'`)
  expect(row?.share).toBeLessThan(1)
  await worker.kill()
  await double.close()
})

test('the limit in the headers of Resend becomes the limit of all', async () => {
  const double = await startResendDouble({
    headers: { 'ratelimit-limit': '40', 'ratelimit-policy': '40;w=2' },
  })
  const worker = await rig.worker({
    provider: 'resend',
    resendEndpoint: double.url,
    resendApiKey: 're_secret',
  })
  const id = await worker.accept(30, 'limit')
  await until(() => worker.batch(id), isFinished, worker.log)
  // What an answer tells is written down beside the sending, not before a batch is done.
  const learned = () =>
    rig.sql<{ per_second: number }>(`SELECT per_second FROM rate WHERE account = 'resend'`)
  await until(learned, ([row]) => row?.per_second === 20, worker.log)
  await worker.kill()
  await double.close()
})

test('a bucket grants the lesser of both limits, and nothing while it is closed', async () => {
  const bucket = tokenBucket(database, 'lesser', 100)
  await bucket.learn(10)
  expect((await bucket.lease(5)).perSecond).toBe(10)
  await bucket.learn(1_000)
  expect((await bucket.lease(5)).perSecond).toBe(100)
  await bucket.slow(3_600_000)
  const closed = await bucket.lease(5)
  expect(closed).toMatchObject({ granted: 0 })
  expect(closed.closedMs).toBeGreaterThan(500_000)
  expect(closed.closedMs).toBeLessThanOrEqual(600_000)
})

test('refusals of one second halve the rate once; it comes back by and by', async () => {
  const bucket = tokenBucket(database, 'halved', 100)
  await Promise.all(Array.from({ length: 10 }, () => bucket.slow(0)))
  const pace = async () => (await bucket.lease(1)).perSecond ?? 0
  expect(await pace()).toBeGreaterThanOrEqual(50)
  expect(await pace()).toBeLessThan(70)
  const age = (seconds: number) =>
    rig.sql(`UPDATE rate SET share_at = now() - make_interval(secs => $1) WHERE account = 'halved'`, [
      seconds,
    ])
  await age(10)
  expect(await pace()).toBeCloseTo(70, 0)
  await bucket.slow(0)
  expect(await pace()).toBeCloseTo(35, 0)
  await age(3_600)
  expect(await pace()).toBe(100)
})

test('without any limit a bucket grants what is asked, until the provider wants nothing', async () => {
  const bucket = tokenBucket(database, 'free', undefined)
  await bucket.lease(1)
  expect(await bucket.lease(1_000)).toEqual({ granted: 1_000, perSecond: undefined, closedMs: 0 })
  await bucket.slow(60_000)
  expect(await bucket.lease(1_000)).toMatchObject({ granted: 0 })
})
