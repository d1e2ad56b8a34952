/** Messages in the work queue that no batch could be meant by, on a real NATS. */
import { connect } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig } from './rig.ts'
import { isFinished, NAMES, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.stop())

const BATCH = '00000000-0000-4000-8000-000000000001'

test('what is no wake-up is thrown away at its first delivery, and a wake-up of no batch is handled once', async () => {
  const nats = await connect({ servers: rig.nats.url })
  const jetStream = nats.jetstream()
  const messages = [
    '',
    '{',
    JSON.stringify({ batchId: 'x', chunk: 0 }),
    JSON.stringify({ batchId: `${BATCH}'--`, chunk: 0 }),
    JSON.stringify({ batchId: BATCH, chunk: 2 ** 31 }),
    JSON.stringify({ batchId: BATCH, chunk: -1 }),
    JSON.stringify({ batchId: BATCH, chunk: 7 }),
  ]
  for (const message of messages) await jetStream.publish(NAMES.subject, message)
  const worker = await rig.worker()
  const id = await worker.accept(10, 'beside')
  await until(() => worker.batch(id), isFinished, worker.log)
  const manager = await nats.jetstreamManager()
  const left = await until(
    () => manager.consumers.info(NAMES.stream, NAMES.consumer),
    ({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0,
    worker.log,
  )
  expect(left.num_redelivered).toBe(0)
  expect(worker.log()).not.toContain('sending failed')
  await worker.kill()
  await nats.close()
})

test('a stream that is full is told once, counted, told apart from none, and what waited goes on', async () => {
  const nats = await connect({ servers: rig.nats.url })
  const manager = await nats.jetstreamManager()
  const worker = await rig.worker({}, { SWEEP_EVERY_MS: '100' })
  const refused = async () => {
    const text = await (await fetch(`${worker.internal}/metrics`)).text()
    return Number(/^batchsender_wakeups_refused_total (\d+)$/m.exec(text)?.[1])
  }
  const lines = (words: string) => worker.log().split(words).length - 1
  await manager.streams.update(NAMES.stream, { max_bytes: 1 })
  // Small batches do not need the queue.
  const id = await worker.accept(600, 'full')
  await until(refused, (count) => count >= 3, worker.log)
  expect(lines('the stream refuses wake-ups: maximum bytes exceeded')).toBe(1)

  await manager.streams.update(NAMES.stream, { max_bytes: -1 })
  await until(() => worker.batch(id), isFinished, worker.log)
  await until(
    () => Promise.resolve(lines('the queue takes wake-ups again')),
    (count) => count === 1,
    worker.log,
  )
  expect(lines('the stream refuses wake-ups')).toBe(1)
  expect(lines('no stream takes wake-ups')).toBe(0)
  await worker.kill()
  await nats.close()
})
