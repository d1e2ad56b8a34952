import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { atTheSink, isFinished, startRig, TOKEN } from './rig.ts'
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
