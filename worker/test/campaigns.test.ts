import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { atTheSink, isFinished, startRig, TOKEN } from './rig.ts'
import { commandBatch } from '../src/store/batches.ts'
import { openDatabase } from '../src/store/database.ts'
import { BY_KEY, KNOWN_ADDRESSES } from '../src/store/uploads.ts'
import { limitMemory } from '../../hack/servers/memoryLimit.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { typed } from './terminal.ts'
import { until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())
beforeEach(() => rig.sink.behave([]))

const CONTENT = {
  from: 'Sender <sender@example.org>',
  subject: 'Hello {{name}}',
  html: '<p>Hello {{name}}</p>',
}

async function opened(more: object = {}): Promise<string> {
  const answer = await worker.post({ ...CONTENT, state: 'open', ...more })
  expect(answer.status).toBe(202)
  return ((await answer.json()) as BatchView).id
}

const upload = (id: string, body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
  fetch(`${worker.api}/v1/batches/${id}/recipients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson', ...headers },
    body,
    duplex: 'half',
  })

const row = (address: string, name = 'N') => `${JSON.stringify({ address, variables: { name } })}\n`
const rows = (count: number, prefix = 'r', from = 0) =>
  Array.from({ length: count }, (_, index) => row(`${prefix}${from + index}@example.org`)).join('')

test('a batch is opened, filled and started, and then sent like any other', async () => {
  const before = await rig.sink.count()
  const id = await opened({ name: 'August' })
  expect(await worker.batch(id)).toMatchObject({ state: 'open', open: true, recipients: 0 })
  const answer = await upload(id, rows(450, 'first'))
  expect([answer.status, answer.headers.get('upload-offset')]).toEqual([200, '450'])
  expect(await answer.json()).toEqual({
    offset: 450,
    repeated: 0,
    recipients: 450,
    duplicates: 0,
    refused: 0,
    refusals: [],
  })
  expect(await worker.batch(id)).toMatchObject({ state: 'open', recipients: 450, upload: { offset: 450 } })
  expect((await worker.command(id, 'start')).status).toBe(200)
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 450 } })
  expect(batch).not.toHaveProperty('open')
  const { distinct, duplicates } = await atTheSink(rig.sink, before)
  expect([distinct.size, duplicates]).toEqual([450, 0])
})

interface Taken {
  readonly offset: number
  readonly repeated: number
  readonly recipients: number
  readonly duplicates: number
  readonly refused: number
  readonly refusals: { row: number; errors: { pointer: string; code: string; detail?: string }[] }[]
}

async function taken(answer: Promise<Response>): Promise<Taken> {
  const response = await answer
  const text = await response.text()
  expect([response.status, text]).toEqual([200, text])
  const result = JSON.parse(text) as Taken
  expect(response.headers.get('upload-offset')).toBe(String(result.offset))
  return result
}

const problemOf = async (answer: Promise<Response> | Response) => {
  const response = await answer
  const { type, errors } = (await response.json()) as { type: string; errors?: object[] }
  return [response.status, type.split('/').at(-1), response.headers.get('upload-offset'), ...(errors ?? [])]
}

const offsetOf = async (id: string): Promise<number> =>
  ((await (await worker.get(`/v1/batches/${id}/upload`)).json()) as Taken).offset

const csv = (id: string, text: string | Buffer, headers: Record<string, string> = {}) =>
  upload(id, text, { 'content-type': 'text/csv; charset=utf-8', ...headers })

const stored = (id: string) =>
  rig.sql<{ seq: number; address: string; variables: unknown; headers: unknown }>(
    'SELECT seq, address, variables, headers FROM recipient WHERE batch_id = $1 ORDER BY seq',
    [id],
  )

test('a mailbox is one recipient of a campaign, in whatever request, format and spelling it comes', async () => {
  const id = await opened()
  expect(await taken(upload(id, rows(12_000, 'many') + rows(500, 'MANY')))).toMatchObject({
    offset: 12_500,
    recipients: 12_000,
    duplicates: 500,
  })
  const again = Array.from({ length: 7_500 }, (_, index) => `Many${index + 9_000}@Example.org,N\n`).join('')
  expect(await taken(csv(id, `address,name\n${again}`))).toMatchObject({
    offset: 20_000,
    recipients: 4_500,
    duplicates: 3_000,
  })
  expect(await worker.batch(id)).toMatchObject({ recipients: 16_500, duplicates: 3_500 })
  const recipients = await stored(id)
  expect(recipients.map(({ seq }) => seq)).toEqual(Array.from({ length: 16_500 }, (_, seq) => seq))
  expect(new Set(recipients.map(({ address }) => address.toLowerCase())).size).toBe(16_500)
  await worker.command(id, 'start')
  await worker.command(id, 'cancel')
  expect(
    await rig.sql(
      'SELECT sum(last_seq - first_seq + 1)::int AS n, max(last_seq) AS last FROM chunk WHERE batch_id = $1',
      [id],
    ),
  ).toEqual([{ n: 16_500, last: 16_499 }])
})

test('values come through as they were written, as JSON and as CSV', async () => {
  const id = await opened()
  const variables = {
    name: 'N',
    note: 'tab\t line\n back\\slash "quotes" \\N \\. ümläut 🎉',
    n: 1.5,
    list: ['a', 'b'],
  }
  const headers = { 'X-Note': 'back\\slash' }
  await taken(upload(id, JSON.stringify({ address: 'json@example.org', variables, headers })))
  const text =
    '\u{feff}note,address,name,"a ""quoted"" name"\r\n"Müller, ""Jr.""\nof two lines",csv@example.org,N,\\N\r\n\r\n,Empty@example.org,M,x'
  expect(await taken(csv(id, text))).toMatchObject({ recipients: 2, refused: 0 })
  expect(await stored(id)).toEqual([
    { seq: 0, address: 'json@example.org', variables, headers },
    {
      seq: 1,
      address: 'csv@example.org',
      variables: { note: 'Müller, "Jr."\nof two lines', name: 'N', 'a "quoted" name': '\\N' },
      headers: null,
    },
    {
      seq: 2,
      address: 'Empty@example.org',
      variables: { note: '', name: 'M', 'a "quoted" name': 'x' },
      headers: null,
    },
  ])
})

test('rows at fault are left out, counted and listed, the first thousand of them', async () => {
  const id = await opened()
  const bad = [
    'no json',
    '["a"]',
    '{"address":"nobody"}',
    '{"address":"a@example.org"}',
    '{"address":"b@example.org","variables":{"name":"N","\\u0000":"x"}}',
    '{"address":"c@example.org","variables":{"name":"N","__proto__":{"x":1}}}',
    '{"address":"d@example.org","variables":{"name":"N"},"subject":"mine"}',
    `{"address":"e@example.org","variables":{"name":"${'x'.repeat(1_048_576)}"}}`,
    `{"address":"f@example.org","variables":{"name":"N","x":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
    `{"address":"g@example.org","variables":{"name":"N","big":12345678901234567890}}`,
  ]
  const bytes = Buffer.concat([
    Buffer.from(row('good@example.org')),
    Buffer.from(`${bad.join('\n')}\n`),
    Buffer.from('{"address":"h@example.org","variables":{"name":"\xff"}}\n', 'latin1'),
    Buffer.from(row('last@example.org')),
  ])
  const first = await taken(upload(id, bytes))
  expect(first).toMatchObject({ offset: 13, recipients: 2, duplicates: 0, refused: 11 })
  expect(
    first.refusals.map(({ row: number, errors: [error] }) => [number, error?.pointer, error?.code]),
  ).toEqual([
    [1, '', 'malformed_json'],
    [2, '', 'type'],
    [3, '/address', 'malformed_address'],
    [4, '/variables/name', 'missing_variable'],
    [5, '/variables', 'invalid_character'],
    [6, '', 'forbidden_name'],
    [7, '/subject', 'unknown_field'],
    [8, '', 'row_too_long'],
    [9, '', 'too_deep'],
    [10, '/variables/big', 'unsafe_integer'],
    [11, '', 'invalid_utf8'],
  ])
  const text = `address,name\n${'x,y\n'.repeat(1_200)}k@example.org\nl@example.org,\u{fffd}\n`
  const second = await taken(csv(id, text))
  expect([second.refused, second.refusals.length]).toEqual([1_202, 20])
  expect(await worker.batch(id)).toMatchObject({ upload: { offset: 1_215, refused: 1_213 } })
  const pages: Taken['refusals'] = []
  for (let query = 'limit=600'; query !== '';) {
    const answer = await worker.get(`/v1/batches/${id}/refused-recipients?${query}`)
    const page = (await answer.json()) as { items: Taken['refusals']; next_cursor?: string }
    pages.push(...page.items)
    query = page.next_cursor === undefined ? '' : `limit=600&cursor=${page.next_cursor}`
  }
  expect([pages.length, pages[0]?.row, pages.at(-1)?.row]).toEqual([1_000, 1, 1_001])
  expect((await worker.get(`/v1/batches/${crypto.randomUUID()}/refused-recipients`)).status).toBe(404)
  await worker.command(id, 'cancel')
})

/** Rows that come one stretch after another, and perhaps no end. */
function streamed(id: string, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  let feed: ReadableStreamDefaultController<Uint8Array> | undefined
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      feed = controller
    },
  })
  upload(id, stream, headers).then(resolve, reject)
  promise.catch(() => undefined)
  return {
    answer: promise,
    write: (text: string) => feed?.enqueue(Buffer.from(text)),
    end: () => feed?.close(),
    cut: () => feed?.error(new Error('cut')),
  }
}

test('an upload that was cut goes on where it was, and what is given again is recognised', async () => {
  const id = await opened()
  const client = streamed(id)
  client.write(rows(5_000, 'cut') + row('half@example.org').slice(0, 20))
  const offset = await until(
    () => offsetOf(id),
    (rowsTaken) => rowsTaken === 5_000,
  )
  client.cut()
  await expect(client.answer).rejects.toThrow()
  expect(offset).toBe(5_000)

  const all = rows(9_000, 'cut')
  const rest = rows(2_000, 'cut', 5_000)
  expect(await taken(upload(id, rest, { 'upload-offset': '5000' }))).toMatchObject({
    offset: 7_000,
    repeated: 0,
    recipients: 2_000,
  })
  expect(await taken(upload(id, all, { 'upload-offset': '0' }))).toMatchObject({
    offset: 9_000,
    repeated: 7_000,
    recipients: 2_000,
    duplicates: 0,
  })
  expect(await taken(upload(id, all, { 'upload-offset': '0' }))).toMatchObject({
    offset: 9_000,
    repeated: 9_000,
    recipients: 0,
  })
  expect(await worker.batch(id)).toMatchObject({ recipients: 9_000, duplicates: 0 })

  const changed = all.replace('cut8000@', 'other@')
  expect(await problemOf(upload(id, changed, { 'upload-offset': '0' }))).toEqual([
    409,
    'upload-changed',
    '9000',
  ])
  expect(await problemOf(upload(id, rows(3, 'cut'), { 'upload-offset': '0' }))).toEqual([
    409,
    'upload-changed',
    '9000',
  ])
  expect(await problemOf(upload(id, rest, { 'upload-offset': '9001' }))).toEqual([
    409,
    'upload-offset',
    '9000',
  ])
  expect(await problemOf(upload(id, rest, { 'upload-offset': '5001' }))).toEqual([
    409,
    'upload-offset',
    '9000',
  ])
  expect((await upload(id, rest, { 'upload-offset': '-1' })).status).toBe(400)
  const head = await fetch(`${worker.api}/v1/batches/${id}/upload`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  expect(head.headers.get('upload-offset')).toBe('9000')
  expect(await worker.batch(id)).toMatchObject({ recipients: 9_000 })
  await worker.command(id, 'cancel')
})

test('a worker that is killed amid an upload loses nothing that was taken, nor who it was', async () => {
  const id = await opened()
  const client = streamed(id, { 'user-agent': 'doomed' })
  client.write(rows(6_000, 'killed'))
  await until(
    () => offsetOf(id),
    (offset) => offset >= 2_000,
  )
  await worker.kill()
  await expect(client.answer).rejects.toThrow()
  await worker.start()
  const offset = await until(
    () => offsetOf(id),
    () => true,
  )
  const again = await taken(upload(id, rows(8_000, 'killed'), { 'upload-offset': '0', 'user-agent': 'heir' }))
  expect(again).toMatchObject({ offset: 8_000, repeated: offset, recipients: 8_000 - offset, duplicates: 0 })
  expect((await worker.command(id, 'start')).status).toBe(200)
  await worker.command(id, 'cancel')
  const audit = await rig.sql(
    `SELECT action, metadata - 'requestId' AS metadata, user_agent AS agent FROM audit
     WHERE resource = $1 AND action <> 'batch.cancelled' ORDER BY id`,
    [`/v1/batches/${id}`],
  )
  const figures = { duplicates: 0, refused: 0 }
  expect(audit).toMatchObject([
    { action: 'batch.opened', metadata: { recipients: 0 } },
    {
      action: 'batch.recipients-added',
      metadata: { offset: 0, rows: offset, recipients: offset, ...figures },
      agent: 'doomed',
    },
    {
      action: 'batch.recipients-added',
      metadata: { offset, rows: 8_000 - offset, recipients: 8_000 - offset, ...figures },
      agent: 'heir',
    },
    { action: 'batch.started', metadata: { recipients: 8_000 } },
  ])
})

test('of two uploads into one batch the later one goes on, and nothing is there twice', async () => {
  const id = await opened()
  const first = streamed(id)
  first.write(rows(3_000, 'two'))
  await until(
    () => offsetOf(id),
    (offset) => offset === 3_000,
  )
  const second = streamed(id)
  second.write(rows(1_000, 'two', 2_500))
  await until(
    () => offsetOf(id),
    (offset) => offset === 4_000,
  )
  first.write(rows(10, 'late'))
  expect(await problemOf(first.answer)).toEqual([409, 'upload-superseded', '4000'])
  second.end()
  expect(await taken(second.answer)).toMatchObject({ offset: 4_000, recipients: 500, duplicates: 500 })
  expect(await worker.batch(id)).toMatchObject({ recipients: 3_500 })
  await worker.command(id, 'cancel')
})

test('an open batch is started once and for all, and only with recipients', async () => {
  const id = await opened()
  const start = () => worker.command(id, 'start')
  expect(await problemOf(start())).toEqual([409, 'batch-empty', null])
  for (const command of ['pause', 'resume', 'retry-failed'])
    expect(await problemOf(worker.command(id, command))).toEqual([409, 'batch-state', null])
  await rig.sink.behave([{ address: 'wait0@example.org', at: 'rcpt', code: 451 }])
  const client = streamed(id)
  client.write(rows(5, 'wait'))
  await until(
    () => offsetOf(id),
    (offset) => offset === 5,
  )
  expect(await (await start()).json()).toMatchObject({
    recipients: 5,
    startedAt: expect.any(String) as string,
  })
  client.write(rows(5, 'after'))
  expect(await problemOf(client.answer)).toEqual([409, 'batch-state', '5'])
  expect((await start()).status).toBe(200)
  expect(await problemOf(upload(id, rows(1, 'after')))).toEqual([409, 'batch-state', '5'])
  await worker.command(id, 'cancel')
  expect((await start()).status).toBe(409)
  const complete = await worker.accept(1, 'complete')
  await until(() => worker.batch(complete), isFinished, worker.log)
  expect((await worker.command(complete, 'start')).status).toBe(409)
  expect(await problemOf(upload(complete, rows(1)))).toEqual([409, 'batch-state', '0'])
  expect((await worker.command(crypto.randomUUID(), 'start')).status).toBe(404)
  expect((await upload(crypto.randomUUID(), rows(1))).status).toBe(404)
  const starts = await rig.sql(`SELECT FROM audit WHERE resource = $1 AND action = 'batch.started'`, [
    `/v1/batches/${id}`,
  ])
  expect(starts).toHaveLength(1)
})

test('cancelling ends an open batch, with all that it has', async () => {
  const before = await rig.sink.count()
  const [empty, filled] = [await opened(), await opened()]
  await taken(upload(filled, rows(1_000, 'never')))
  for (const id of [empty, filled]) expect((await worker.command(id, 'cancel')).status).toBe(200)
  const batch = await worker.batch(filled)
  expect(batch).toMatchObject({ state: 'cancelled', counts: { cancelled: 1_000, pending: 0 } })
  for (const id of [empty, filled]) {
    expect(await worker.batch(id)).toHaveProperty('finishedAt')
    expect(await worker.batch(id)).not.toHaveProperty('open')
  }
  expect(await problemOf(upload(filled, rows(1)))).toEqual([409, 'batch-state', '1000'])
  expect(await rig.sink.count()).toBe(before)
})

test('what is there is sent while more is added, and the batch ends when it is said to be complete', async () => {
  const before = await rig.sink.count()
  const id = await opened({ sendWhileOpen: true })
  expect(await worker.batch(id)).toMatchObject({ state: 'accepted', open: true })
  // What keeps older workers from ending it must not be needed by this one.
  await rig.sql('ALTER TABLE batch DISABLE TRIGGER batch_stays_open')
  await taken(upload(id, rows(300, 'live')))
  const sent = (count: number) =>
    until(
      () => worker.batch(id),
      ({ counts }) => counts.sent === count,
      worker.log,
    )
  expect(await sent(300)).toMatchObject({ state: 'running', open: true })
  const done = () => rig.sql('SELECT FROM chunk WHERE batch_id = $1 AND NOT done', [id])
  await until(done, (open) => open.length === 0)
  // Waiting for more is no age.
  await rig.sql(`UPDATE batch SET created_at = now() - interval '1 day' WHERE id = $1`, [id])
  const { oldestInFlightSeconds } = (await (await fetch(`${worker.internal}/evidence`)).json()) as {
    oldestInFlightSeconds: number
  }
  expect(oldestInFlightSeconds).toBeLessThan(3_600)
  await taken(upload(id, rows(100, 'live', 300)))
  expect(await sent(400)).toMatchObject({ state: 'running', open: true })
  await until(done, (open) => open.length === 0)
  // As one of those would do.
  await rig.sql('ALTER TABLE batch ENABLE TRIGGER batch_stays_open')
  await rig.sql(`UPDATE batch SET state = 'completed', finished_at = now() WHERE id = $1`, [id])
  expect(await worker.batch(id)).toMatchObject({ state: 'running', open: true })

  expect((await worker.command(id, 'pause')).status).toBe(200)
  await taken(upload(id, rows(100, 'live', 400)))
  expect(
    await rig.sql(`SELECT FROM chunk WHERE batch_id = $1 AND NOT done AND due_at < 'infinity'`, [id]),
  ).toEqual([])
  expect((await worker.command(id, 'resume')).status).toBe(200)
  await sent(500)
  await until(done, (open) => open.length === 0)
  expect(await (await worker.command(id, 'start')).json()).toMatchObject({
    state: 'completed',
    recipients: 500,
  })
  const { distinct, duplicates } = await atTheSink(rig.sink, before)
  expect([distinct.size, duplicates]).toEqual([500, 0])
})

test('a batch that fails while it is filled takes no more', async () => {
  await rig.sink.behave([{ address: 'sender@example.org', at: 'mail', code: 550 }])
  const id = await opened({ sendWhileOpen: true })
  await taken(upload(id, rows(300, 'fails')))
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'failed', counts: { failed: 300 } })
  expect(await problemOf(upload(id, rows(1)))).toEqual([409, 'batch-state', '300'])
  expect((await worker.command(id, 'start')).status).toBe(409)
  await rig.sink.behave([])
  expect((await worker.command(id, 'retry-failed')).status).toBe(200)
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({ state: 'completed' })
})

test('one refusal of the sender does not end a batch that has only one recipient yet', async () => {
  await rig.sink.behave([{ address: 'sender@example.org', at: 'mail', code: 550 }])
  const id = await opened({ sendWhileOpen: true })
  await taken(upload(id, rows(1, 'one')))
  const batch = await until(
    () => worker.batch(id),
    ({ counts }) => counts.failed + counts.deferred === 1,
    worker.log,
  )
  expect(batch).toMatchObject({ state: 'running', open: true })
  await worker.command(id, 'cancel')
})

test('a cancelled batch that was open ends, also when the worker does not live to see to it', async () => {
  const id = await opened()
  await taken(upload(id, rows(450, 'orphan')))
  const database = openDatabase({
    url: rig.postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  expect(await database.transaction((transaction) => commandBatch(transaction, id, 'cancel'))).toBe(true)
  await database.close()
  const batch = await until(
    () => worker.batch(id),
    (view) => 'finishedAt' in view,
    worker.log,
  )
  expect(batch).toMatchObject({ state: 'cancelled', counts: { cancelled: 450, pending: 0 } })
})

test('what is no rows is told so', async () => {
  const id = await opened()
  for (const headers of [
    { 'content-type': 'application/json' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'text/csv; charset=latin1' },
    { 'content-encoding': 'gzip' },
  ] as Record<string, string>[])
    expect(await problemOf(upload(id, rows(1), headers))).toEqual([415, 'unsupported-media-type', null])
  expect(await taken(upload(id, ''))).toMatchObject({ offset: 0, recipients: 0 })
  expect(await taken(upload(id, '\n\n', { 'content-type': 'application/jsonl' }))).toMatchObject({
    offset: 0,
  })
  const faulty = (code: string) => expect.objectContaining({ pointer: '', code }) as unknown
  for (const [text, code, offset] of [
    ['', 'no_address_column', '0'],
    ['mail,name\na@example.org,N\n', 'no_address_column', '0'],
    ['address,name,name\na@example.org,N,M\n', 'duplicate_column', '0'],
    ['address,__proto__\na@example.org,N\n', 'column_name', '0'],
    ['address,name\na@example.org,N\nb@example.org,"N"x\nc@example.org,N\n', 'malformed_csv', '1'],
    ['address,name\nd@example.org,"N\ne@example.org,N\n', 'malformed_csv', '1'],
  ] as const)
    expect(await problemOf(csv(id, text))).toEqual([400, 'invalid-request', offset, faulty(code)])
  expect((await stored(id)).map(({ address }) => address)).toEqual(['a@example.org'])
  const audit = await rig.sql(`SELECT metadata->'rows' AS rows FROM audit WHERE resource = $1 ORDER BY id`, [
    `/v1/batches/${id}`,
  ])
  expect(audit).toEqual([{ rows: null }, { rows: 1 }])
  await worker.command(id, 'cancel')
})

test('an open batch is looked at before it is opened, and has no recipients of its own', async () => {
  const open = { ...CONTENT, state: 'open' }
  const recipients = [{ address: 'ann@example.org', variables: { name: 'Ann' } }]
  expect(await (await worker.post({ ...open, dryRun: true })).json()).toEqual({
    dryRun: true,
    recipients: 0,
    duplicates: 0,
  })
  expect(await (await worker.post({ ...open, dryRun: true, recipients })).json()).toMatchObject({
    preview: { subject: 'Hello Ann' },
  })
  const fault = (pointer: string, code: string) => [
    400,
    'invalid-request',
    null,
    expect.objectContaining({ pointer, code }) as unknown,
  ]
  expect(await problemOf(worker.post({ ...open, recipients }))).toEqual(
    fault('/recipients', 'recipients_of_open'),
  )
  expect(await problemOf(worker.post(CONTENT))).toEqual(fault('/recipients', 'required'))
  expect(await problemOf(worker.post({ ...CONTENT, recipients, sendWhileOpen: true }))).toEqual(
    fault('/sendWhileOpen', 'only_while_open'),
  )
  const key = { 'idempotency-key': crypto.randomUUID() }
  const ids = [await worker.post(open, key), await worker.post(open, key)].map((answer) => answer.json())
  expect(await ids[0]).toEqual(await ids[1])
  const { items } = (await (await worker.get('/v1/batches?state=open')).json()) as { items: BatchView[] }
  expect(items[0]).toMatchObject({ state: 'open', open: true, recipients: 0 })
})

test('a worker that is told to stop takes what is complete and says where to go on', async () => {
  const id = await opened()
  const client = streamed(id)
  client.write(rows(2_000, 'stop'))
  await until(
    () => offsetOf(id),
    (offset) => offset === 2_000,
  )
  client.write(rows(10, 'stop', 2_000))
  const ended = worker.terminate()
  const answer = await client.answer
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  expect(worker.log()).not.toContain('request failed')
  const offset = Number(answer.headers.get('upload-offset'))
  expect(await ended).toBe(true)
  await worker.start()
  expect(await until(() => offsetOf(id), Number.isInteger)).toBe(offset)
  const all = rows(2_010, 'stop')
  expect(await taken(upload(id, all, { 'upload-offset': '0' }))).toMatchObject({ repeated: offset })
  expect(await worker.batch(id)).toMatchObject({ recipients: 2_010, duplicates: 0 })
  await worker.command(id, 'cancel')
})

test('those that a batch has are found through their key, also by a plan from when there were few', async () => {
  const client = new Client({ connectionString: rig.postgres.url })
  await client.connect()
  await client.query(`BEGIN; TRUNCATE recipient; INSERT INTO recipient (batch_id, seq, address, address_norm)
    SELECT '00000000-0000-4000-8000-000000000001', n, n, n FROM generate_series(1, 100) AS n; ANALYZE recipient`)
  await client.query(`SELECT ${BY_KEY}`)
  const { rows: plan } = await client.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (GENERIC_PLAN) ${KNOWN_ADDRESSES}`,
  )
  await client.query('ROLLBACK')
  await client.end()
  const text = plan.map((line) => line['QUERY PLAN']).join('\n')
  expect(text).toMatch(/Index Only Scan using recipient_(batch_id_address_norm_key|by_address) /)
  expect(text).toMatch(/Index Cond: \(\(\w+ = .*\) AND \(\w+ = .*\)/)
})

test('a body of 100 MB takes no more memory than a small one', async () => {
  const limit = await limitMemory(512 * 1_048_576)
  const bounded = await rig.worker({}, {}, limit)
  limit.watch(() => bounded.pid())
  const peak = async () =>
    Number(/^VmHWM:\s+(\d+)/m.exec(await readFile(`/proc/${bounded.pid()}/status`, 'utf8'))?.[1]) / 1_024
  const id = await opened()
  const send = (body: NonNullable<RequestInit['body']>) =>
    fetch(`${bounded.api}/v1/batches/${id}/recipients`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson' },
      body,
      duplex: 'half',
    })
  await taken(send(rows(10_000, 'small')))
  const before = await peak()
  const count = 200_000
  let next = 0
  const note = 'x'.repeat(440)
  const line = (index: number) =>
    `${JSON.stringify({ address: `large${index}@example.org`, variables: { name: 'N', note } })}\n`
  const stream = new ReadableStream<Uint8Array>({
    pull: (feed) => {
      const from = next
      next += 500
      feed.enqueue(Buffer.from(Array.from({ length: 500 }, (_, index) => line(from + index)).join('')))
      if (next === count) feed.close()
    },
  })
  expect(await taken(send(stream))).toMatchObject({ recipients: count, refused: 0 })
  const after = await peak()
  console.log(`peak of the worker: ${before.toFixed(0)} MiB, with 100 MB more: ${after.toFixed(0)} MiB`)
  expect(after - before).toBeLessThan(64)
  await bounded.kill()
  await limit.stop()
}, 120_000)

test('a campaign as the document has it, with a command that was repeated', async () => {
  const before = await rig.sink.count()
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-campaign-'))
  const file = join(dir, 'recipients.csv')
  await writeFile(file, 'address,name\nann@example.org,Ann\nbob@example.org,Bob\n')
  const { id } = JSON.parse(await typed(worker, procedure('docs/campaigns.md#open'))) as BatchView
  const fill = procedure('docs/campaigns.md#fill').with({ 'recipients.csv': file })
  expect(JSON.parse(await typed(worker, fill, { BATCH: id }))).toMatchObject({ recipients: 2, repeated: 0 })
  expect(JSON.parse(await typed(worker, fill, { BATCH: id }))).toMatchObject({ recipients: 0, repeated: 2 })
  await typed(worker, procedure('docs/campaigns.md#start'), { BATCH: id })
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({ counts: { sent: 2 } })
  const { messages } = await atTheSink(rig.sink, before)
  expect(messages.map(({ recipient }) => recipient).sort()).toEqual(['ann@example.org', 'bob@example.org'])
  await rm(dir, { recursive: true })
})
