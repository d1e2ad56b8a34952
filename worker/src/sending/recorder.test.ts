import { expect, test } from 'vitest'
import type { Onlooker, Result } from './ports.ts'
import { Recorder } from './recorder.ts'

const result = (seq: number): Result => ({
  claimed: {
    batchId: 'b',
    seq,
    address: 'a@b.org',
    variables: {},
    attempt: 1,
    tries: 0,
    ageMs: 0,
    holder: 'w#1',
  },
  state: 'sent',
  retryClass: 'accepted',
  tries: 1,
  dueMs: 0,
  startedAt: new Date(0),
  code: undefined,
  providerMessageId: undefined,
  reply: {},
})
const seen = { fenced: 0, failed: 0 }
const onlooker: Onlooker = {
  attempted: () => undefined,
  fenced: (count) => (seen.fenced += count),
  recordFailed: () => (seen.failed += 1),
  setAside: () => undefined,
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
    pauseMs: () => 1,
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
    pauseMs: () => 1,
  })
  await recorder.record(result(1))
  expect(calls).toBe(3)
  expect(seen).toEqual({ fenced: 1, failed: 2 })
})

test('giving up ends the wait for the next try, and there is none', async () => {
  const giveUp = new AbortController()
  let calls = 0
  const failed = Promise.withResolvers<undefined>()
  const record = () => {
    calls += 1
    failed.resolve(undefined)
    return Promise.reject(new Error('away'))
  }
  const recorder = new Recorder({ record }, onlooker, {
    lingerMs: 1,
    groupSize: 1,
    giveUp: giveUp.signal,
    pauseMs: () => 200_000,
  })
  const written = recorder.record(result(1))
  await failed.promise
  giveUp.abort()
  await written
  expect(calls).toBe(1)
  expect(recorder.waitingLonger(-1)).toBe(0)
})

/** As the driver gives what the server says. */
const refusal = (code: string) => Object.assign(new Error('refused'), { code })

test('one result that is refused is found by halves and written without its words, the others as they are', async () => {
  const written: Result[] = []
  const aside: number[] = []
  const record = (results: readonly Result[]) => {
    if (results.some(({ reply }) => reply.detail === 'unwritable')) return Promise.reject(refusal('22021'))
    written.push(...results)
    return Promise.resolve(results.length)
  }
  const teller = {
    ...onlooker,
    setAside: (_error: unknown, { seq }: Result['claimed']) => void aside.push(seq),
  }
  const recorder = new Recorder({ record }, teller, {
    lingerMs: 1,
    groupSize: 100,
    giveUp: new AbortController().signal,
    pauseMs: () => 1,
  })
  const all = Array.from({ length: 30 }, (_, seq) => ({
    ...result(seq),
    code: 'smtp_250',
    reply: { detail: seq === 17 ? 'unwritable' : 'fine' },
  }))
  await Promise.all(all.map((each) => recorder.record(each)))
  expect(aside).toEqual([17])
  expect(written.map(({ claimed }) => claimed.seq).sort((a, b) => a - b)).toEqual(
    all.map(({ claimed }) => claimed.seq),
  )
  expect(written.filter(({ reply }) => reply.detail !== 'fine')).toEqual([
    { ...result(17), code: undefined, providerMessageId: undefined, reply: {} },
  ])
})

test('one that is refused for ever keeps nobody waiting', async () => {
  const giveUp = new AbortController()
  const record = (results: readonly Result[]) =>
    results.some(({ claimed }) => claimed.seq === 1)
      ? Promise.reject(refusal('23514'))
      : Promise.resolve(results.length)
  const recorder = new Recorder({ record }, onlooker, { lingerMs: 1, groupSize: 2, giveUp: giveUp.signal })
  let isOver = false
  const stubborn = recorder.record(result(1)).then(() => (isOver = true))
  await recorder.record(result(2))
  await recorder.record(result(3))
  expect(isOver).toBe(false)
  giveUp.abort()
  await stubborn
})

test('an outage is waited for with the whole group', async () => {
  const sizes: number[] = []
  const record = (results: readonly Result[]) => {
    sizes.push(results.length)
    return sizes.length === 1 ? Promise.reject(refusal('57P01')) : Promise.resolve(results.length)
  }
  const recorder = new Recorder({ record }, onlooker, {
    lingerMs: 1,
    groupSize: 4,
    giveUp: new AbortController().signal,
    pauseMs: () => 1,
  })
  await Promise.all([1, 2, 3, 4].map((seq) => recorder.record(result(seq))))
  expect(sizes).toEqual([4, 4])
})

test('results that wait for long are counted until they are written', async () => {
  let isAway = true
  const record = (results: readonly Result[]) =>
    isAway ? Promise.reject(refusal('57P01')) : Promise.resolve(results.length)
  const recorder = new Recorder({ record }, onlooker, {
    lingerMs: 1,
    groupSize: 2,
    giveUp: new AbortController().signal,
    pauseMs: () => 1,
  })
  const beforeMs = performance.now()
  const written = Promise.all([1, 2, 3].map((seq) => recorder.record(result(seq))))
  const afterMs = performance.now()
  expect(recorder.waitingLonger(45_000, beforeMs + 45_000)).toBe(0)
  expect(recorder.waitingLonger(45_000, afterMs + 45_001)).toBe(3)
  isAway = false
  await written
  expect(recorder.waitingLonger(45_000, afterMs + 45_001)).toBe(0)
})
