import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())

test('a batch of a thousand mails is sent and every recipient is accounted for', async () => {
  const id = await worker.accept(1_000)
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({
    state: 'completed',
    counts: { sent: 1_000, failed: 0, uncertain: 0, pending: 0 },
  })
  const { messages, distinct, duplicates } = await atTheSink(rig.sink)
  expect(distinct.size).toBe(1_000)
  expect(duplicates).toBe(0)
  const seventh = messages.find(({ recipient }) => recipient === 'r7@example.org')
  expect(seventh).toMatchObject({
    from: 'sender@example.org',
    subject: 'Hello N7',
    headers: { 'message-id': `<${id}.7@example.org>`, 'x-batch-id': id, 'x-batch-recipient': '7' },
  })
  const attempts = await rig.sql<{ outcome: string; count: string }>(
    'SELECT outcome, count(*) FROM attempt WHERE batch_id = $1 GROUP BY outcome',
    [id],
  )
  expect(attempts).toEqual([{ outcome: 'accepted', count: '1000' }])
})
