/** What a batch may carry beside its texts, and what its texts may ask for, as it arrives. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())

const GOOD = { from: 'Shop <shop@example.org>', subject: 's', text: 't' }

async function sent(body: object) {
  const before = await rig.sink.count()
  const answer = await worker.post(body)
  expect(answer.status, await answer.clone().text()).toBe(202)
  const { id } = (await answer.json()) as { id: string }
  await until(() => worker.batch(id), isFinished, worker.log)
  return { id, messages: await rig.sink.messages(before) }
}

test('an address to answer to and headers of batch and recipient arrive, whatever their script', async () => {
  const { messages } = await sent({
    ...GOOD,
    replyTo: '"Help, please" <help@exämple.org>',
    headers: { Precedence: 'bulk', 'X-Shop': 'Größe' },
    recipients: [
      { address: 'ann@example.org' },
      { address: 'bob@example.org', headers: { 'x-shop': 'Bob’s', 'X-Order': '7' } },
    ],
  })
  const of = (address: string) => messages.find(({ recipient }) => recipient === address)?.headers
  expect(of('ann@example.org')).toMatchObject({
    'reply-to': '"Help, please" <help@xn--exmple-cua.org>',
    precedence: 'bulk',
    'x-shop': '=?UTF-8?Q?Gr=C3=B6=C3=9Fe?=',
  })
  expect(of('bob@example.org')).toMatchObject({ precedence: 'bulk', 'x-order': '7' })
  expect(of('bob@example.org')?.['x-shop']).not.toContain('Gr')
})

test('conditions and lists are filled in', async () => {
  const { messages } = await sent({
    ...GOOD,
    subject: '{{#if vip}}Dear {{[first name]}}{{else}}Hello{{/if}}',
    recipients: [
      { address: 'vip@example.org', variables: { vip: true, 'first name': 'Ann' } },
      { address: 'other@example.org', variables: { vip: false, 'first name': 'Bob' } },
    ],
  })
  expect(messages.map(({ subject }) => subject).sort()).toEqual(['Dear Ann', 'Hello'])
})

test('a dry run says what would be, needs no key and accepts nothing', async () => {
  const before = await worker.get('/v1/batches').then((answer) => answer.text())
  const answer = await fetch(`${worker.api}/v1/batches?invalid=skip`, {
    method: 'POST',
    headers: { authorization: 'Bearer a-token-of-the-tests', 'content-type': 'application/json' },
    body: JSON.stringify({
      ...GOOD,
      text: 'Hi {{name}}',
      headers: { 'X-Shop': '1' },
      recipients: [
        { address: 'nobody' },
        { address: 'ann@example.org', variables: { name: 'Ann' } },
        { address: 'ann@example.org', variables: { name: 'Ann' } },
      ],
      dryRun: true,
    }),
  })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({
    dryRun: true,
    recipients: 1,
    duplicates: 1,
    refusedCount: 1,
    refused: [{ index: 0, errors: [{ pointer: '/recipients/0/address', code: 'malformed_address' }, {}] }],
    preview: { to: 'ann@example.org', text: 'Hi Ann', headers: { 'X-Shop': '1', 'X-Batch-Recipient': '0' } },
  })
  expect(await worker.get('/v1/batches').then((answer) => answer.text())).toBe(before)
})

test('recipients at fault are left out when that is asked for, and the same answer is kept', async () => {
  const body = { ...GOOD, recipients: [{ address: 'x' }, { address: 'kim@example.org' }] }
  const post = () =>
    fetch(`${worker.api}/v1/batches?invalid=skip`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer a-token-of-the-tests',
        'content-type': 'application/json',
        'idempotency-key': 'skip-1',
      },
      body: JSON.stringify(body),
    })
  const first = await post()
  expect(first.status).toBe(202)
  const text = await first.text()
  expect(JSON.parse(text)).toMatchObject({ recipients: 1, refusedCount: 1, refused: [{ index: 0 }] })
  expect(await (await post()).text()).toBe(text)
  expect((await worker.post(body, { 'idempotency-key': 'skip-1' })).status).toBe(400)
})

test('the same content in another order of keys is the same request', async () => {
  const headers = { 'idempotency-key': 'order-1' }
  const one = await worker.post(
    { ...GOOD, recipients: [{ address: 'a@example.org', variables: { b: 1, a: 2 } }] },
    headers,
  )
  const other = await worker.post(
    {
      recipients: [{ variables: { a: 2, b: 1 }, address: 'a@example.org' }],
      text: 't',
      subject: 's',
      from: GOOD.from,
    },
    headers,
  )
  expect([one.status, other.status]).toEqual([202, 202])
  expect(await other.text()).toBe(await one.text())
})

test('batches are found by their tags and show their name', async () => {
  const recipients = [{ address: 'tag@example.org' }]
  const { id } = await sent({ ...GOOD, name: 'August', tags: ['news', 'de:august'], recipients })
  const list = (tag: string) =>
    worker.get(`/v1/batches?tag=${encodeURIComponent(tag)}`).then((answer) => answer.json())
  expect(await list('de:august')).toMatchObject({
    items: [{ id, name: 'August', tags: ['news', 'de:august'] }],
  })
  expect(await list('de')).toMatchObject({ items: [] })
})

test('how urgent a batch is, is kept with it, and nothing else is taken for an urgency', async () => {
  const recipients = [{ address: 'soon@example.org' }]
  const { id } = await sent({ ...GOOD, priority: 'transactional', recipients })
  expect(await rig.sql('SELECT priority FROM batch WHERE id = $1', [id])).toEqual([
    { priority: 'transactional' },
  ])
  const answer = await worker.post({ ...GOOD, priority: 'high', recipients })
  expect(await answer.json()).toMatchObject({
    errors: [{ pointer: '/priority', code: 'enum', detail: 'one of transactional, bulk' }],
  })
})

test('a client that always says JSON may send nothing where nothing is asked for', async () => {
  const headers = { authorization: 'Bearer a-token-of-the-tests', 'content-type': 'application/json' }
  const url = `${worker.api}/v1/suppressions/lift@example.org`
  const put = await fetch(url, { method: 'PUT', headers, body: '{"reason":"manual"}' })
  expect(put.ok).toBe(true)
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204)
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(404)
})

test('a compressed body is told apart from one that is no JSON', async () => {
  const answer = await worker.post(GOOD, { 'content-encoding': 'gzip' })
  expect(answer.status).toBe(415)
})
