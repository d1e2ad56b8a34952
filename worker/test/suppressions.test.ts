import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../src/store/database.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { openDatabase } from '../src/store/database.ts'
import { findSuppression, liftSuppression, listSuppressions, suppress } from '../src/store/suppressions.ts'
import { atTheSink, isFinished, startRig, TOKEN } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let database: Database
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
  database = openDatabase({
    url: rig.postgres.url,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
})
beforeEach(async () => {
  await rig.sink.behave([])
  await rig.sql('DELETE FROM suppression')
})
afterAll(async () => {
  await database.close()
  await rig.stop()
})

test('a stronger reason replaces a weaker one, never the other way round', async () => {
  const addressNorm = 'a@example.org'
  expect(await suppress(database, [{ addressNorm, reason: 'bounce', detail: '550' }])).toEqual([addressNorm])
  expect(await suppress(database, [{ addressNorm, reason: 'manual', detail: 'ticket' }])).toEqual([])
  expect(await findSuppression(database, addressNorm)).toMatchObject({ reason: 'bounce', detail: '550' })
  expect(await suppress(database, [{ addressNorm, reason: 'complaint' }])).toEqual([addressNorm])
  expect(await suppress(database, [{ addressNorm, reason: 'complaint', detail: 'again' }])).toEqual([])
  expect(await findSuppression(database, addressNorm)).toMatchObject({ reason: 'complaint', detail: '' })
})

test('of several reasons for one address in one call the strongest counts', async () => {
  const addressNorm = 'b@example.org'
  await suppress(database, [
    { addressNorm, reason: 'manual' },
    { addressNorm, reason: 'unsubscribe' },
    { addressNorm, reason: 'bounce', detail: 'a\0b' },
    { addressNorm: 'c@example.org', reason: 'bounce', detail: 'half a pair: \ud800' },
  ])
  expect(await findSuppression(database, addressNorm)).toMatchObject({ reason: 'unsubscribe' })
})

test('the list is read in pages, and what is lifted is gone', async () => {
  const addresses = ['a', 'b', 'c'].map((name) => `${name}@example.org`)
  await suppress(
    database,
    addresses.map((addressNorm) => ({ addressNorm, reason: 'manual' })),
  )
  await suppress(database, [{ addressNorm: 'd@example.org', reason: 'bounce' }])
  const page = { reason: undefined, afterAddress: 'a@example.org', limit: 2 }
  const listed = await listSuppressions(database, page)
  expect(listed.map(({ addressNorm }) => addressNorm)).toEqual(['b@example.org', 'c@example.org'])
  expect(await listSuppressions(database, { ...page, afterAddress: '', reason: 'bounce' })).toHaveLength(1)
  expect(await liftSuppression(database, 'b@example.org')).toMatchObject({ reason: 'manual' })
  expect(await liftSuppression(database, 'b@example.org')).toBeUndefined()
  expect(await findSuppression(database, 'b@example.org')).toBeUndefined()
})

const ask = (method: string, address: string, body?: unknown) =>
  fetch(`${worker.api}/v1/suppressions/${encodeURIComponent(address)}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

test('an address is put on the list, found there in any spelling, and lifted', async () => {
  const put = await ask('PUT', 'A/b+c@Example.ORG', { reason: 'bounce', detail: '550 5.1.1' })
  expect(put.status).toBe(200)
  expect(await put.json()).toMatchObject({
    address: 'a/b+c@example.org',
    reason: 'bounce',
    detail: '550 5.1.1',
  })
  expect(await (await ask('PUT', 'A/b+c@example.org', { reason: 'manual' })).json()).toMatchObject({
    reason: 'bounce',
  })
  expect(await (await ask('GET', 'a/B+c@EXAMPLE.org')).json()).toMatchObject({ reason: 'bounce' })
  expect(await (await worker.get('/v1/suppressions')).json()).toMatchObject({
    items: [{ address: 'a/b+c@example.org' }],
  })
  expect((await ask('DELETE', 'A/B+c@example.org')).status).toBe(204)
  expect(await rig.sql('SELECT FROM suppression')).toEqual([])
  expect((await ask('DELETE', 'A/b+c@example.org')).status).toBe(404)
  expect((await ask('GET', 'A/b+c@example.org')).status).toBe(404)
  const longest = `${'l'.repeat(64)}@${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(60)}`
  expect((await ask('PUT', longest, { reason: 'manual' })).status).toBe(200)
})

test.each([
  ['no address', 'nobody', { reason: 'manual' }],
  ['an unknown reason', 'a@example.org', { reason: 'dislike' }],
  ['an unknown field', 'a@example.org', { reason: 'manual', until: 'tomorrow' }],
  ['no reason', 'a@example.org', {}],
])('%s is not put on the list', async (_, address, body) => {
  expect((await ask('PUT', address, body)).status).toBe(400)
  expect(await rig.sql('SELECT * FROM suppression')).toEqual([])
})

test('the list is paged over HTTP, by reason too', async () => {
  const addresses = Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(2, '0')}@example.org`)
  await suppress(
    database,
    addresses.map((addressNorm) => ({ addressNorm, reason: 'bounce' })),
  )
  await suppress(database, [{ addressNorm: 'q@example.org', reason: 'manual' }])
  const seen: string[] = []
  for (let query = 'limit=10&reason=bounce'; query !== '';) {
    const page = (await (await worker.get(`/v1/suppressions?${query}`)).json()) as {
      items: { address: string }[]
      has_more: boolean
      next_cursor?: string
    }
    seen.push(...page.items.map(({ address }) => address))
    query = page.has_more ? `limit=10&reason=bounce&cursor=${page.next_cursor}` : ''
  }
  expect(seen).toEqual(addresses)
  for (const wrong of ['reason=dislike', 'limit=0', 'cursor=YWZ0ZXIg', 'cursor=x']) {
    expect((await worker.get(`/v1/suppressions?${wrong}`)).status).toBe(400)
  }
})

test('nothing is sent to listed addresses, whatever of a chunk they are, and the batch completes', async () => {
  const before = await rig.sink.count()
  const listed = Array.from({ length: 120 }, (_, index) => `left${index}@example.org`)
  await suppress(
    database,
    listed.map((addressNorm) => ({ addressNorm, reason: 'complaint' })),
  )
  const id = await worker.accept(300, 'left')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 180, suppressed: 120, failed: 0 } })
  const { distinct, messages } = await atTheSink(rig.sink, before)
  expect(messages).toHaveLength(180)
  expect(listed.filter((address) => distinct.has(address))).toEqual([])
  const page = await worker.get(`/v1/batches/${id}/recipients?state=suppressed&limit=1`)
  expect(await page.json()).toMatchObject({
    items: [{ address: 'left0@example.org', attempts: 0, errorCode: 'suppressed_complaint' }],
    has_more: true,
  })
})

test('an address that is listed after its batch was accepted is left out at its next turn', async () => {
  await rig.sink.behave([
    { address: 'late1@example.org', at: 'rcpt', code: 451, message: 'try again in 2 seconds' },
  ])
  const id = await worker.accept(3, 'late')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.deferred === 1 && counts.sent === 2,
    worker.log,
  )
  expect((await ask('PUT', 'late1@example.org', { reason: 'unsubscribe' })).status).toBe(200)
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 2, suppressed: 1 } })
})

test('a listed recipient that may have been sent to before stays uncertain', async () => {
  const id = await worker.accept(1, 'doubt')
  await until(() => worker.batch(id), isFinished, worker.log)
  await rig.sql(`UPDATE attempt SET outcome = 'lost' WHERE batch_id = $1`, [id])
  await suppress(database, [{ addressNorm: 'doubt0@example.org', reason: 'manual' }])
  await rig.sql(`UPDATE recipient SET state = 'deferred', due_at = now() WHERE batch_id = $1`, [id])
  await rig.sql(`UPDATE batch SET state = 'running' WHERE id = $1`, [id])
  await rig.sql(`UPDATE chunk SET done = false, due_at = now() WHERE batch_id = $1`, [id])
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { uncertain: 1, suppressed: 0 } })
})

/** A batch to these, as they are written, once it has ended. */
async function send(...addresses: string[]) {
  const recipients = addresses.map((address) => ({ address }))
  const accepted = await worker.post({ from: 's@example.org', subject: 's', text: 't', recipients })
  const { id } = (await accepted.json()) as { id: string }
  return until(() => worker.batch(id), isFinished, worker.log)
}

test('who complained under one spelling is not mailed under another', async () => {
  expect((await ask('PUT', 'ann.smith@example.org', { reason: 'complaint' })).status).toBe(200)
  expect(await send('Ann.Smith@Example.org', 'other.ann@example.org')).toMatchObject({
    counts: { sent: 1, suppressed: 1 },
  })
  expect((await ask('PUT', 'BOB@example.org', { reason: 'unsubscribe' })).status).toBe(200)
  expect(await send('bob@example.org')).toMatchObject({ counts: { sent: 0, suppressed: 1 } })
})

test('one mailbox in several spellings gets one mail, to the first of them', async () => {
  const before = await rig.sink.count()
  expect(await send('Joe@example.org', 'joe@example.org', 'JOE@EXAMPLE.org')).toMatchObject({
    duplicates: 2,
    recipients: 1,
    counts: { sent: 1 },
  })
  const { messages } = await atTheSink(rig.sink, before)
  expect(messages.map(({ headers }) => headers['to'])).toEqual(['Joe@example.org'])
})

/** As workers accepted it that told `Joe@` from `joe@`. */
async function asOfBefore(id: string, prefix: string) {
  await rig.sql(
    `UPDATE recipient SET address = initcap(left(address, 1)) || substr(address, 2) WHERE batch_id = $1 AND seq = 0`,
    [id],
  )
  await rig.sql(
    `UPDATE recipient SET address_norm = address, address = CASE seq WHEN 1 THEN $2 ELSE address END WHERE batch_id = $1`,
    [id, `${prefix}0@example.org`],
  )
  await rig.sql(`UPDATE recipient SET address_norm = address WHERE batch_id = $1`, [id])
}

test('of a batch that was accepted when spellings were told apart, all of them are left out', async () => {
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 451, message: 'try again in 2 seconds' }])
  const id = await worker.accept(3, 'twin')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.deferred === 3,
    worker.log,
  )
  await asOfBefore(id, 'twin')
  const spelled = await rig.sql<{ address: string }>(
    'SELECT address FROM recipient WHERE batch_id = $1 ORDER BY seq',
    [id],
  )
  expect(spelled.map(({ address }) => address.split('@')[0])).toEqual(['Twin0', 'twin0', 'twin2'])
  expect((await ask('PUT', 'tWin0@example.org', { reason: 'complaint' })).status).toBe(200)
  await rig.sink.behave([])
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 1, suppressed: 2 } })
})

test('what an older worker writes as it was spelled holds for every spelling, the strongest reason of all', async () => {
  const write = (address: string, reason: string) =>
    rig.sql(
      `INSERT INTO suppression (address_norm, reason) VALUES ($1, $2)
       ON CONFLICT (address_norm) DO UPDATE SET reason = EXCLUDED.reason`,
      [address, reason],
    )
  await write('Old@example.org', 'bounce')
  await write('oLd@example.org', 'unsubscribe')
  expect(await (await ask('GET', 'old@example.org')).json()).toMatchObject({ reason: 'unsubscribe' })
  await write('OLD@example.org', 'manual')
  expect(await (await ask('GET', 'OLD@example.org')).json()).toMatchObject({ reason: 'unsubscribe' })
  await write('Old@example.org', 'complaint')
  expect(await (await ask('GET', 'OLD@example.org')).json()).toMatchObject({ reason: 'complaint' })
  expect(await send('old@example.org')).toMatchObject({ counts: { suppressed: 1 } })
  const listed = (await (await worker.get('/v1/suppressions')).json()) as { items: { address: string }[] }
  expect(listed.items.map(({ address }) => address)).toEqual(['old@example.org'])
  expect((await ask('DELETE', 'oLD@example.org')).status).toBe(204)
  expect(await rig.sql('SELECT FROM suppression')).toEqual([])
})

test('what is written now is found by an older worker that compares what was given', async () => {
  expect((await ask('PUT', 'Kim@Example.org', { reason: 'complaint' })).status).toBe(200)
  expect(
    await rig.sql('SELECT address_norm, reason FROM suppression ORDER BY address_norm COLLATE "C"'),
  ).toEqual([
    { address_norm: 'Kim@example.org', reason: 'complaint' },
    { address_norm: 'kim@example.org', reason: 'complaint' },
  ])
})

test('text behind a domain, and addresses of hosts, are no addresses wherever one is given', async () => {
  const wrong = [
    'ann@exämple.org/bob',
    'eve@exämple.org?x=1',
    'kim@exämple.org#frag',
    'pat@exämple.org\\x',
    'ann@１２７.1',
    'ann@127.0.0.1',
  ]
  const recipients = wrong.map((address) => ({ address }))
  const refused = await worker.post({ from: 's@example.org', subject: 's', text: 't', recipients })
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({
    errors: wrong.map((_, index) => ({ pointer: `/recipients/${index}/address`, code: 'malformed_address' })),
  })
  for (const address of wrong) expect((await ask('PUT', address, { reason: 'manual' })).status).toBe(400)
  expect(await send('ann@exämple.org')).toMatchObject({ counts: { sent: 1 } })
})
