/** What a user reads of recipients: the server's words, counts and filters, one address over all batches. */
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

const json = async (path: string) => (await worker.get(path)).json() as Promise<Record<string, unknown>>

async function finished(...addresses: string[]): Promise<string> {
  const answer = await worker.post({
    from: 'shop@example.org',
    subject: 's',
    text: 't',
    name: 'words',
    recipients: addresses.map((address) => ({ address })),
  })
  const { id } = (await answer.json()) as { id: string }
  await until(() => worker.batch(id), isFinished, worker.log)
  return id
}

test('whoever asks why a mail failed reads the words of the server, where they were said, and how often', async () => {
  await rig.sink.behave([
    ...['gone1@example.org', 'gone2@example.org'].map((address) => ({
      address,
      at: 'rcpt' as const,
      code: 550,
      message: '5.1.1 no such person is not known here',
    })),
  ])
  const id = await finished('gone1@example.org', 'gone2@example.org', 'fine@example.org')
  const batch = await json(`/v1/batches/${id}`)
  expect(batch).toMatchObject({
    counts: { failed: 2, sent: 1 },
    refusals: [
      {
        errorClass: 'recipient',
        recipients: 2,
        example: { seq: 0, stage: 'rcpt', replyCode: 550, enhancedCode: '5.1.1' },
      },
    ],
  })
  const [refusal] = batch['refusals'] as [{ errorCode: string; example: { words: string } }]
  expect(refusal.example.words).toContain('is not known here')
  expect(await json(`/v1/batches/${id}/recipients?errorCode=${refusal.errorCode}`)).toMatchObject({
    items: [{ address: 'gone1@example.org' }, { address: 'gone2@example.org' }],
  })
  expect(await json(`/v1/batches/${id}/recipients?errorCode=smtp_999`)).toMatchObject({ items: [] })
  expect(await json(`/v1/batches/${id}/recipients/1`)).toMatchObject({
    seq: 1,
    address: 'gone2@example.org',
    state: 'failed',
    tries: 1,
    tried: [
      {
        attempt: 1,
        outcome: 'recipient',
        stage: 'rcpt',
        replyCode: 550,
        enhancedCode: '5.1.1',
        provider: 'smtp',
      },
    ],
    events: [],
  })
  expect((await worker.get(`/v1/batches/${id}/recipients/3`)).status).toBe(404)
  expect((await worker.get(`/v1/batches/${id}/recipients/x`)).status).toBe(404)
})

test('an address is found in every batch, however it is spelled, the newest first, page by page', async () => {
  const ids = [
    await finished('Find.Me@example.org'),
    await finished('find.me@example.org', 'other@example.org'),
  ]
  const first = await json('/v1/recipients?address=FIND.ME@EXAMPLE.ORG&limit=1')
  expect(first).toMatchObject({
    items: [{ batchId: ids[1], batchName: 'words', batchState: 'completed', address: 'find.me@example.org' }],
    has_more: true,
  })
  const cursor = String(first['next_cursor'])
  expect(await json(`/v1/recipients?address=find.me@example.org&limit=1&cursor=${cursor}`)).toMatchObject({
    items: [{ batchId: ids[0], address: 'Find.Me@example.org', state: 'sent' }],
    has_more: false,
  })
  expect((await worker.get('/v1/recipients?address=nobody')).status).toBe(400)
})
