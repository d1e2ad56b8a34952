import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { openDatabase } from '../src/store/database.ts'
import { allowanceLedger } from '../src/store/allowances.ts'
import { startRig, TOKEN } from './rig.ts'
import { until } from './until.ts'

const PER_TOKEN = 300
let rig: Rig
let workers: readonly WorkerProcess[]

beforeAll(async () => {
  rig = await startRig()
  await writeFile(
    join(rig.tokensDir, 'other'),
    `sha256:${createHash('sha256').update('other').digest('hex')}`,
  )
  const settings = { rateLimitPerIp: 100, rateLimitPerToken: PER_TOKEN, trustedProxies: ['127.0.0.0/8'] }
  workers = await Promise.all([rig.worker(settings), rig.worker(settings)])
})
afterAll(() => rig.stop())
// Windows that workers remember end by themselves only; every test is another client.
let client = 0
beforeEach(() => {
  client += 1
})

const ask = (worker: WorkerProcess | undefined, headers: Record<string, string> = {}, path = '/v1/batches') =>
  fetch(`${worker?.api}${path}`, { headers: { 'x-forwarded-for': `192.0.2.${client}`, ...headers } })

async function statusesOf(answers: readonly Promise<Response>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

test('of one address a hundred requests without a valid token are answered, the next one is not', async () => {
  const headers = { authorization: 'Bearer wrong' }
  for (let request = 1; request <= 100; request += 1) {
    const answer = await ask(workers[0], headers)
    expect(answer.status).toBe(401)
    if (request === 1) {
      expect(answer.headers.get('ratelimit-limit')).toBe('100')
      expect(answer.headers.get('ratelimit-remaining')).toBe('99')
      expect(Number(answer.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60)
    }
  }
  const refused = await ask(workers[0], headers)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(refused.headers.get('ratelimit-remaining')).toBe('0')
  expect(await refused.json()).toMatchObject({
    type: 'https://batchsender.io/problems/too-many-requests',
    status: 429,
  })
  expect((await ask(workers[0], { authorization: `Bearer ${TOKEN}` })).status).toBe(200)
  expect((await ask(workers[0], { 'x-forwarded-for': '192.0.2.200' })).status).toBe(401)
})

test('the limit holds over all workers, and a flood costs few writes', async () => {
  const writes = async () => {
    await rig.sql('SELECT pg_stat_clear_snapshot()')
    const [row] = await rig.sql<{ writes: number }>(
      `SELECT (n_tup_ins + n_tup_upd)::int AS writes FROM pg_stat_user_tables WHERE relname = 'request_allowance'`,
    )
    return row?.writes ?? 0
  }
  const before = await writes()
  const counts: Record<number, number> = {}
  for (let round = 0; round < 15; round += 1) {
    const answers = Array.from({ length: 60 }, (_, index) => ask(workers[index % 2]))
    for (const [status, count] of Object.entries(await statusesOf(answers)))
      counts[Number(status)] = (counts[Number(status)] ?? 0) + count
  }
  expect(counts[401]).toBeLessThanOrEqual(100)
  expect(counts[401]).toBeGreaterThan(90)
  expect(counts[429]).toBe(900 - (counts[401] ?? 0))
  const after = await until(writes, (count) => count > before)
  expect(after - before).toBeLessThan(60)
})

test('each token has a limit of its own', async () => {
  const headers = { authorization: 'Bearer other' }
  // What is no id is not looked up: so many reads at once would meet the bound on reads.
  const answers = Array.from({ length: 500 }, () => ask(workers[0], headers, '/v1/batches/none'))
  expect(await statusesOf(answers)).toEqual({ 404: PER_TOKEN, 429: 500 - PER_TOKEN })
  expect((await ask(workers[0])).status).toBe(401)
})

test('addresses of one IPv6 subscriber are one client', async () => {
  const counts = await statusesOf(
    Array.from({ length: 150 }, (_, index) =>
      ask(workers[0], { 'x-forwarded-for': `2001:db8::${index.toString(16)}` }),
    ),
  )
  expect(counts).toEqual({ 401: 100, 429: 50 })
})

test('who is no trusted proxy cannot choose an address', async () => {
  const plain = await rig.worker({ rateLimitPerIp: 20 })
  const counts = await statusesOf(
    Array.from({ length: 50 }, (_, index) => ask(plain, { 'x-forwarded-for': `198.51.100.${index}` })),
  )
  expect(counts).toEqual({ 401: 20, 429: 30 })
  await plain.kill()
})

test('ended allowances are removed', async () => {
  await rig.sql(`INSERT INTO request_allowance VALUES ('ip old', 1, 1, now() - interval '1 second')`)
  await rig.sql(`INSERT INTO request_allowance VALUES ('ip new', 1, 1, now() + interval '1 minute')`)
  const database = openDatabase({
    url: rig.postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  await allowanceLedger(database).forgetEnded()
  await database.close()
  const kept = await rig.sql(`SELECT client FROM request_allowance WHERE client IN ('ip old', 'ip new')`)
  expect(kept).toEqual([{ client: 'ip new' }])
})

test.each([
  ['application/x-www-form-urlencoded', 415],
  ['text/plain', 415],
  ['multipart/form-data; boundary=x', 415],
  ['application/vnd.batch+json', 415],
  ['', 415],
  ['application/json; charset=utf-8', 400],
])('a body of the type "%s" gets %i', async (type, status) => {
  const answer = await fetch(`${workers[0]?.api}/v1/batches`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type },
    body: Buffer.from('{}'),
  })
  expect(answer.status).toBe(status)
})

test('ten megabytes are taken, one byte more is not', async () => {
  const bytes = 10_485_760
  const empty = JSON.stringify({
    from: 'a@b.org',
    subject: 's',
    text: '',
    recipients: [{ address: 'c@d.org' }],
  })
  const bodyOf = (size: number) => empty.replace('"text":""', `"text":"${'x'.repeat(size - empty.length)}"`)
  expect((await workers[0]?.post(bodyOf(bytes)))?.status).toBe(202)
  // The worker closes while the rest is still being sent, and not every time is the answer read before that is noticed.
  const refused = await until(
    async () => (await workers[0]?.post(bodyOf(bytes + 1)))?.json(),
    (answer) => answer !== undefined,
  )
  expect(refused).toMatchObject({
    type: 'https://batchsender.io/problems/request-too-large',
    status: 413,
  })
})

test('while PostgreSQL is away each worker counts by itself', async () => {
  await rig.postgres.kill()
  const counts = await statusesOf(Array.from({ length: 300 }, () => ask(workers[0])))
  expect(counts).toEqual({ 401: 100, 429: 200 })
  await until(
    () => Promise.resolve(workers[0]?.log() ?? ''),
    (log) => log.includes('request limits hold for this worker alone'),
  )
})
