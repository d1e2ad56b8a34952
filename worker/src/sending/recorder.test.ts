import { expect, test } from 'vitest'
import type { Onlooker, Result } from './ports.ts'
import { Recorder } from './recorder.ts'

const result = (seq: number): Result => ({
  claimed: { batchId: 'b', seq, address: 'a@b.org', variables: {}, attempt: 1, tries: 0, holder: 'w#1' },
  state: 'sent',
  retryClass: 'accepted',
  tries: 1,
  dueMs: 0,
  startedAt: new Date(0),
  code: undefined,
  providerMessageId: undefined,
  detail: undefined,
})
const seen = { fenced: 0, failed: 0 }
const onlooker: Onlooker = {
  attempted: () => undefined,
  fenced: (count) => (seen.fenced += count),
  recordFailed: () => (seen.failed += 1),
}

test('results that come together are written together, and each waits for its write', async () => {
  const writes: number[][] = []
  const record = (results: readonly Result[]) => {
    writes.push(results.map(({ claimed }) => claimed.seq))
    return Promise.resolve(results.length)
  }
  const recorder = new Recorder({ record }, onlooker, {
    lingerMs: 1,
    groupSize: 3,
    giveUp: new AbortController().signal,
  })
  await Promise.all([1, 2, 3, 4].map((seq) => recorder.record(result(seq))))
  expect(writes).toEqual([[1, 2, 3], [4]])
})

test('a write that fails is tried again until it succeeds', async () => {
  let calls = 0
  const record = (results: readonly Result[]) => {
    calls += 1
    return calls < 3 ? Promise.reject(new Error('away')) : Promise.resolve(results.length - 1)
  }
  const recorder = new Recorder({ record }, onlooker, {
    lingerMs: 1,
    groupSize: 1,
    giveUp: new AbortController().signal,
  })
  await recorder.record(result(1))
  expect(calls).toBe(3)
  expect(seen).toEqual({ fenced: 1, failed: 2 })
})

test('giving up ends the wait', async () => {
  const giveUp = new AbortController()
  const record = () => Promise.reject(new Error('away'))
  const recorder = new Recorder({ record }, onlooker, { lingerMs: 1, groupSize: 1, giveUp: giveUp.signal })
  const written = recorder.record(result(1))
  giveUp.abort()
  await written
  expect(giveUp.signal.aborted).toBe(true)
})
