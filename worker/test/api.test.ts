import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { knownMigrations } from '../src/store/migrations.ts'
import { batchOf, isFinished, startRig, TOKEN } from './rig.ts'
import { logged, until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker({ maxRequestSizeBytes: 100_000 })
})
afterAll(() => rig.stop())

const GOOD = { from: 'a@example.org', subject: 's', text: 't', recipients: [{ address: 'b@example.org' }] }
const to = (...addresses: string[]) => ({ ...GOOD, recipients: addresses.map((address) => ({ address })) })

interface ProblemView {
  readonly type: string
  readonly status: number
  readonly instance: string
  readonly errors?: { pointer: string; code: string }[]
}

test('the same key and body get the same answer, and one batch', async () => {
  const headers = { 'idempotency-key': '"the same"' }
  const first = await worker.post(GOOD, headers)
  const again = await worker.post(GOOD, { 'idempotency-key': 'the-same' })
  const repeated = await worker.post(GOOD, headers)
  expect(first.status).toBe(202)
  expect(repeated.status).toBe(202)
  const body = await first.text()
  expect(await repeated.text()).toBe(body)
  expect(repeated.headers.get('location')).toBe(first.headers.get('location'))
  const { id } = JSON.parse(body) as BatchView
  expect(first.headers.get('location')).toBe(`/v1/batches/${id}`)
  expect(((await again.json()) as BatchView).id).not.toBe(id)
  await until(() => worker.batch(id), isFinished, worker.log)
  const later = await worker.post(GOOD, headers)
  expect(await later.text()).toBe(body)
})

test('the same key with another body is refused', async () => {
  const headers = { 'idempotency-key': 'reused' }
  expect((await worker.post(GOOD, headers)).status).toBe(202)
  const other = await worker.post({ ...GOOD, subject: 'another' }, headers)
  expect(other.status).toBe(422)
  expect(await other.json()).toMatchObject({ type: 'https://batchsender.io/problems/idempotency-key-reused' })
})

test('the same key while its first request is being handled is a conflict', async () => {
  const client = new Client({ connectionString: rig.postgres.url })
  await client.connect()
  await client.query('BEGIN')
  await client.query('LOCK TABLE batch IN EXCLUSIVE MODE')
  const headers = { 'idempotency-key': 'in flight' }
  const first = worker.post(GOOD, { 'idempotency-key': '"in flight"' })
  await until(
    () => rig.sql(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted`),
    ({ length }) => length === 1,
  )
  const second = await until(
    () => worker.post(GOOD, { 'idempotency-key': '"in flight"' }),
    ({ status }) => status === 409,
    worker.log,
    5_000,
  ).finally(() => client.query('ROLLBACK'))
  await client.end()
  expect(await second.json()).toMatchObject({ status: 409 })
  expect((await first).status).toBe(202)
  expect((await worker.post(GOOD, headers)).status).toBe(400)
})

test('addresses that differ only in their case are one recipient', async () => {
  const response = await worker.post(to('A@Example.org', 'A@EXAMPLE.ORG', 'a@example.org', 'A@example.org'))
  const body = (await response.json()) as BatchView
  expect(body).toMatchObject({ recipients: 1, duplicates: 3, state: 'accepted', counts: { pending: 1 } })
  const batch = await until(() => worker.batch(body.id), isFinished, worker.log)
  expect(batch).toMatchObject({ recipients: 1, duplicates: 3, counts: { sent: 1 } })
})

test('a malformed address refuses the whole batch and names it', async () => {
  const response = await worker.post(
    to('good@example.org', 'no-at.example.org', 'x@-bad.org', 'a b@example.org'),
  )
  expect(response.status).toBe(400)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const problem = (await response.json()) as ProblemView
  expect(problem.errors).toEqual([
    { pointer: '/recipients/1/address', code: 'malformed_address' },
    { pointer: '/recipients/2/address', code: 'malformed_address' },
    { pointer: '/recipients/3/address', code: 'malformed_address' },
  ])
  expect(problem.instance).toBe(response.headers.get('x-request-id'))
  expect(await rig.sql(`SELECT address FROM recipient WHERE address = 'good@example.org'`)).toEqual([])
})

test('at most twenty errors are told', async () => {
  const response = await worker.post(to(...Array.from({ length: 100 }, (_, index) => `bad${index}`)))
  expect(((await response.json()) as ProblemView).errors).toHaveLength(20)
})

test.each<[string, unknown, number, { pointer: string; code: string } | undefined]>([
  ['text that is not JSON', '{"from":', 400, undefined],
  ['nothing', '', 400, undefined],
  ['a list', [], 400, { pointer: '', code: 'type' }],
  ['an unknown field', { ...GOOD, bcc: 'x' }, 400, { pointer: '/bcc', code: 'unknown_field' }],
  [
    'an unknown field of a recipient',
    { ...GOOD, recipients: [{ address: 'a@b.org', name: 'x' }] },
    400,
    { pointer: '/recipients/0/name', code: 'unknown_field' },
  ],
  ['a number for a text', { ...GOOD, subject: 7 }, 400, { pointer: '/subject', code: 'type' }],
  ['no recipients', { ...GOOD, recipients: [] }, 400, { pointer: '/recipients', code: 'minItems' }],
  [
    'a missing field',
    { from: 'a@b.org', text: 't', recipients: GOOD.recipients },
    400,
    { pointer: '/subject', code: 'required' },
  ],
  ['neither text nor HTML', { ...GOOD, text: undefined }, 400, { pointer: '/text', code: 'required' }],
  [
    'a line break in the subject',
    { ...GOOD, subject: 'a\r\nBcc: x@y.org' },
    400,
    { pointer: '/subject', code: 'line_break' },
  ],
  [
    'a line break in the sender',
    { ...GOOD, from: 'a@b.org\nX: y' },
    400,
    { pointer: '/from', code: 'line_break' },
  ],
  [
    'a line break in an address',
    to('a@b.org\r\nX: y'),
    400,
    { pointer: '/recipients/0/address', code: 'malformed_address' },
  ],
  [
    'a sender that is no address',
    { ...GOOD, from: 'nobody' },
    400,
    { pointer: '/from', code: 'malformed_address' },
  ],
  [
    'an integer that would be rounded',
    '{"from":"a@b.org","subject":"s","text":"t","recipients":[{"address":"a@b.org","variables":{"n":9007199254740993}}]}',
    400,
    { pointer: '/recipients/0/variables/n', code: 'unsafe_integer' },
  ],
  [
    'a variable that is nothing',
    { ...GOOD, recipients: [{ address: 'a@b.org', variables: { n: null } }] },
    400,
    { pointer: '/recipients/0/variables/n', code: 'type' },
  ],
  ['what goes deeper than any batch', `{"from":${'['.repeat(40)}`, 400, { pointer: '', code: 'too_deep' }],
  ['a key that would be a prototype', '{"__proto__":{"a":1}}', 400, { pointer: '', code: 'forbidden_name' }],
  ['a NUL', { ...GOOD, text: 'a\0b' }, 400, { pointer: '/text', code: 'invalid_character' }],
  [
    'half a surrogate pair',
    '{"from":"a@b.org","subject":"\\ud800","text":"t","recipients":[{"address":"a@b.org"}]}',
    400,
    { pointer: '/subject', code: 'invalid_character' },
  ],
  [
    'a variable that a recipient lacks',
    { ...GOOD, text: 'Hi {{name}}' },
    400,
    { pointer: '/recipients/0/variables/name', code: 'missing_variable' },
  ],
  [
    'a line break in a variable of the subject',
    {
      ...GOOD,
      subject: '{{n}}',
      recipients: [{ address: 'a@b.org', variables: { n: 'x\r\nBcc: y@z.org' } }],
    },
    400,
    { pointer: '/recipients/0/variables/n', code: 'line_break' },
  ],
  ['a body above the limit', { ...GOOD, text: 'x'.repeat(200_000) }, 413, undefined],
])('%s is refused', async (_, body, status, error) => {
  const response = await worker.post(body)
  const problem = (await response.json()) as ProblemView
  expect(problem.status).toBe(status)
  expect(response.status).toBe(status)
  expect(problem.type).toMatch(/^https:\/\/batchsender\.io\/problems\/[a-z-]+$/)
  if (error) expect(problem.errors?.map(({ pointer, code }) => ({ pointer, code }))).toEqual([error])
  expect(JSON.stringify(problem)).not.toMatch(/\.ts|at \w+ \(|postgres|SELECT/)
})

test.each([
  ['/v1/batches?tag=%00', 'tag'],
  ['/v1/batches/00000000-0000-0000-0000-000000000000/recipients?errorCode=%00', 'errorCode'],
  ['/v1/audit?userId=%00', 'userId'],
])('what is looked for at %s cannot be there', async (path, pointer) => {
  const response = await worker.get(path)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ errors: [{ pointer, code: 'pattern' }] })
})

test('nor can a NUL in what is to be tried again', async () => {
  const response = await worker.command(crypto.randomUUID(), 'retry-failed', { errorCode: '\0' })
  expect(response.status).toBe(400)
})

test.each([
  ['no token', {}, 401],
  ['a wrong token', { authorization: 'Bearer wrong' }, 401],
  ['another scheme', { authorization: `Basic ${TOKEN}` }, 401],
  ['another content type', { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' }, 415],
  [
    'a compressed body',
    { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    415,
  ],
  [
    'another encoding of characters',
    { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json; charset=utf-16' },
    415,
  ],
  ['no key', { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }, 400],
  [
    'a key that is too long',
    {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'idempotency-key': 'x'.repeat(256),
    },
    400,
  ],
])('a request with %s is refused', async (_, headers, status) => {
  const response = await fetch(`${worker.api}/v1/batches`, {
    method: 'POST',
    headers,
    body: JSON.stringify(GOOD),
  })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ status })
})

test.each([
  ['a method that is none', 'GE\u0000T / HTTP/1.1\r\n\r\n', 400, 'malformed-request'],
  [
    'two lengths',
    'POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    400,
    'malformed-request',
  ],
  [
    'endless headers',
    `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(100_000)}\r\n\r\n`,
    431,
    'headers-too-large',
  ],
])('%s is refused with a problem document, too', async (_, text, status, type) => {
  const answer = await spoken(text)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  const id = /x-request-id: (.*)\r\n/i.exec(answer)?.[1]
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
    type: `https://batchsender.io/problems/${type}`,
    status,
    instance: id,
  })
})

/** What the worker says to a text, until it hangs up. */
async function spoken(text: string): Promise<string> {
  const socket = connect(Number(new URL(worker.api).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(text)
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  await once(socket, 'close')
  return Buffer.concat(parts).toString()
}

test('bytes that are not UTF-8 are no JSON', async () => {
  const response = await fetch(`${worker.api}/v1/batches`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json; charset=UTF-8',
      'idempotency-key': 'x',
    },
    body: Buffer.from(JSON.stringify({ ...GOOD, subject: 'é' }), 'latin1'),
  })
  expect(await response.json()).toMatchObject({ type: 'https://batchsender.io/problems/malformed-json' })
})

test('a command may say that its body is JSON and have none', async () => {
  const id = await worker.accept(1)
  const response = await fetch(`${worker.api}/v1/batches/${id}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  })
  expect([200, 409]).toContain(response.status)
})

test('a token that is written wrongly opens nothing, and is told of', async () => {
  const file = join(rig.tokensDir, 'mistyped')
  const malformed = async () =>
    /batchsender_api_tokens_malformed (\d+)/.exec(
      await (await fetch(`${worker.internal}/metrics`)).text(),
    )?.[1]
  await writeFile(file, `sha256:${createHash('sha256').update('mistyped').digest('hex')} scope:batches:read`)
  await until(malformed, (count) => count === '1')
  await logged(worker, '"users":["mistyped"]')
  await rm(file)
  await until(malformed, (count) => count === '0')
})

test('tokens are followed when their folder changes', async () => {
  const file = join(rig.tokensDir, 'newcomer')
  const ask = () => fetch(`${worker.api}/v1/batches/x`, { headers: { authorization: 'Bearer new' } })
  expect((await ask()).status).toBe(401)
  await writeFile(file, `sha256:${createHash('sha256').update('new').digest('hex')}\n`)
  await until(ask, ({ status }) => status === 404)
  await rm(file)
  await until(ask, ({ status }) => status === 401)
})

test('recipients are listed in order, a page at a time', async () => {
  const id = await worker.accept(250)
  await until(() => worker.batch(id), isFinished, worker.log)
  const seen: string[] = []
  let query = 'limit=100&state=sent'
  for (;;) {
    const page = (await (await worker.get(`/v1/batches/${id}/recipients?${query}`)).json()) as {
      items: { address: string }[]
      has_more: boolean
      next_cursor?: string
    }
    seen.push(...page.items.map(({ address }) => address))
    if (!page.has_more) break
    query = `limit=100&state=sent&cursor=${page.next_cursor}`
  }
  expect(seen).toEqual(batchOf(250).recipients.map(({ address }) => address))
  const path = `/v1/batches/${id}/recipients`
  for (const wrong of ['limit=0', 'limit=5000', 'state=unknown', 'cursor=%21', 'offset=3']) {
    expect((await worker.get(`${path}?${wrong}`)).status).toBe(400)
  }
})

test('what is not there is not found', async () => {
  const none = crypto.randomUUID()
  for (const path of [`/v1/batches/${none}`, `/v1/batches/${none}/recipients`, '/v1/batches/7', '/v2']) {
    expect((await worker.get(path)).status).toBe(404)
  }
})

test('fifty thousand recipients are accepted, one more is not', async () => {
  const large = await rig.worker()
  const many = (count: number) => to(...Array.from({ length: count }, (_, index) => `m${index}@example.org`))
  const response = await large.post(many(50_000))
  expect(response.status).toBe(202)
  const { id, counts } = (await response.json()) as BatchView
  expect(counts.pending).toBe(50_000)
  expect((await large.post(many(50_001))).status).toBe(400)
  const cancelled = await fetch(`${large.api}/v1/batches/${id}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  expect(cancelled.status).toBe(200)
  await large.kill()
})

test('the internal port shows probes, metrics and evidence', async () => {
  const internal = async (path: string) => fetch(`${worker.internal}${path}`)
  expect((await internal('/livez')).status).toBe(200)
  expect(await (await internal('/readyz')).json()).toMatchObject({ ready: true })
  const metrics = await (await internal('/metrics')).text()
  expect(metrics).toMatch(
    /batchsender_http_request_duration_seconds_bucket\{le="0.5",.*route="\/v1\/batches"/,
  )
  expect(metrics).toMatch(/batchsender_attempts_total\{provider="smtp",class="accepted"\} [1-9]/)
  expect(await (await internal('/evidence')).json()).toMatchObject({
    postgres: { tls: false, migrationVersion: (await knownMigrations()).at(-1)?.version, schema: 'current' },
    nats: { connected: true },
  })
})
