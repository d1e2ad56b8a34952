/** A server that takes its time, as RFC 5321 lets it: longer than a lease, and longer than a worker has that is told to stop. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Rig } from './rig.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.stop())
beforeEach(() => rig.sink.behave([]))

test('an answer to the end of a mail that outlasts several leases leaves nobody in doubt', async () => {
  await rig.sink.behave([{ address: 'slow0@example.org', at: 'data', delayMs: 9_000 }])
  const worker = await rig.worker()
  const id = await worker.accept(3, 'slow')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 3, uncertain: 0 } })
  await worker.kill()
})

test('a worker that is told to stop ends in time, and what it knows is written', async () => {
  await rig.sink.behave([{ address: 'stuck0@example.org', at: 'data', delayMs: 300_000 }])
  const worker = await rig.worker({ smtpConnections: 1 }, { LEASE_MS: '60000' })
  const id = await worker.accept(2, 'stuck')
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.sending === 2,
    worker.log,
  )
  const startedAt = performance.now()
  expect(await worker.terminate()).toBe(true)
  expect(performance.now() - startedAt).toBeLessThan(50_000)
  expect(
    await rig.sql('SELECT state, error_class AS class FROM recipient WHERE batch_id = $1 ORDER BY seq', [id]),
  ).toEqual([
    { state: 'uncertain', class: 'ambiguous' },
    { state: 'deferred', class: 'unreachable' },
  ])
}, 90_000)
