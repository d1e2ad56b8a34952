/** Recipients of whom nobody knows whether their mail went, until a person says so. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'
import { typed } from './terminal.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())
beforeEach(() => rig.sink.behave([]))

/** A batch of six that ended with the first three in doubt: their mails are at the sink, which hung up on them. */
async function inDoubt(prefix: string): Promise<string> {
  await rig.sink.behave(
    [0, 1, 2].map((number) => ({ address: `${prefix}${number}@example.org`, at: 'data', drop: true })),
  )
  const id = await worker.accept(6, prefix)
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { sent: 3, uncertain: 3 } })
  await rig.sink.behave([])
  return id
}

const resolve = (id: string, body: object) => worker.command(id, 'resolve-uncertain', body)

test('those who got it after all are sent, and a batch without failures is completed', async () => {
  const id = await inDoubt('got')
  const some = await resolve(id, { as: 'sent', recipients: ['GOT0@EXAMPLE.org', 'got4@example.org'] })
  expect(some.status).toBe(200)
  expect(await some.json()).toMatchObject({
    resolved: 1,
    state: 'completed_with_failures',
    counts: { sent: 4, uncertain: 2 },
  })
  expect(await (await resolve(id, { as: 'sent' })).json()).toMatchObject({
    resolved: 2,
    state: 'completed',
    counts: { sent: 6, uncertain: 0 },
  })
  expect(await (await resolve(id, { as: 'sent' })).json()).toMatchObject({ resolved: 0, state: 'completed' })
  const audit = await (await worker.get('/v1/audit?action=batch.uncertain-resolved')).text()
  expect(audit).toContain('"as":"sent"')
  expect(audit).toContain(`/v1/batches/${id}`)
})

test('those who are not to get it failed, and are not tried again by accident', async () => {
  const id = await inDoubt('not')
  expect(await (await resolve(id, { as: 'failed' })).json()).toMatchObject({
    resolved: 3,
    state: 'completed_with_failures',
    counts: { sent: 3, failed: 3, uncertain: 0 },
  })
  expect(await (await worker.command(id, 'retry-failed')).json()).toMatchObject({ retried: 0 })
})

test('those who are to get it once more do, and only they', async () => {
  const id = await inDoubt('more')
  const before = await rig.sink.count()
  expect(await (await resolve(id, { as: 'retry' })).json()).toMatchObject({ resolved: 3, state: 'running' })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 6, uncertain: 0 } })
  const { messages } = await atTheSink(rig.sink, before)
  expect(messages.map(({ recipient }) => recipient).sort()).toEqual(
    [0, 1, 2].map((number) => `more${number}@example.org`),
  )
})

test('one of them got it and the others are sent to once more, as docs/http.md has it', async () => {
  const id = await inDoubt('typed')
  const before = await rig.sink.count()
  const listed = await typed(worker, procedure('docs/http.md#list-uncertain'), { BATCH: id })
  const { items } = JSON.parse(listed) as { items: { address: string }[] }
  expect(items.map(({ address }) => address)).toEqual([0, 1, 2].map((number) => `typed${number}@example.org`))
  const commands = procedure('docs/http.md#resolve-uncertain').with({
    'ann@example.org': 'typed0@example.org',
  })
  await typed(worker, commands, { BATCH: id })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 6, uncertain: 0 } })
  const { messages } = await atTheSink(rig.sink, before)
  expect(messages.map(({ recipient }) => recipient).sort()).toEqual(
    [1, 2].map((number) => `typed${number}@example.org`),
  )
})

test('a second mail that is refused leaves the first in doubt', async () => {
  const id = await inDoubt('refused')
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 550 }])
  await resolve(id, { as: 'retry' })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { sent: 3, uncertain: 3 } })
})

test('what makes no sense is refused', async () => {
  const id = await inDoubt('sense')
  expect((await resolve(id, { as: 'lost' })).status).toBe(400)
  const wrong = await resolve(id, { as: 'sent', recipients: ['a@example.org', 'nobody'] })
  expect(wrong.status).toBe(400)
  expect(await wrong.json()).toMatchObject({
    errors: [{ pointer: '/recipients/1', code: 'malformed_address' }],
  })
  expect((await resolve(crypto.randomUUID(), { as: 'sent' })).status).toBe(404)
  await rig.sql(`UPDATE batch SET state = 'cancelled' WHERE id = $1`, [id])
  expect((await resolve(id, { as: 'retry' })).status).toBe(409)
  expect(await (await resolve(id, { as: 'failed' })).json()).toMatchObject({
    resolved: 3,
    state: 'cancelled',
  })
})
