import { expect, test } from 'vitest'
import type { ChunkRef } from './ports.ts'
import { expressLane } from './expressLane.ts'

const never = new AbortController().signal
const ref = (chunk: number): ChunkRef => ({ batchId: 'b', chunk })

function laneOf(due: ChunkRef[], everyMs = 1e6) {
  let looks = 0
  const lane = expressLane({
    take: () => {
      looks += 1
      return Promise.resolve(due.shift())
    },
    everyMs,
  })
  return { lane, due, looks: () => looks }
}

test('what is due is given, one at a time', async () => {
  const { lane } = laneOf([ref(1), ref(2)])
  expect((await lane.next(never))?.ref).toEqual(ref(1))
  expect((await lane.next(never))?.ref).toEqual(ref(2))
})

test('who finds nothing waits, until something becomes due here, the time is over or he is told to stop', async () => {
  const { lane, due, looks } = laneOf([])
  const waiting = lane.next(never)
  await new Promise((resolve) => setImmediate(resolve))
  due.push(ref(3))
  lane.nudge()
  expect(await waiting).toBeUndefined()
  expect((await lane.next(never))?.ref).toEqual(ref(3))
  const stop = new AbortController()
  const stopped = lane.next(stop.signal)
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  expect(await stopped).toBeUndefined()
  expect(await laneOf([], 1).lane.next(never)).toBeUndefined()
  expect(looks()).toBe(3)
})

test('what is to come again comes when it is time, without a look at the ledger', async () => {
  const { lane, looks } = laneOf([ref(4)])
  ;(await lane.next(never))?.later(5)
  expect(await lane.next(never)).toBeUndefined()
  const before = looks()
  expect((await lane.next(never))?.ref).toEqual(ref(4))
  expect(looks()).toBe(before)
})

test('a ledger that cannot be reached is an error for who asked', async () => {
  const lane = expressLane({ take: () => Promise.reject(new Error('away')), everyMs: 1 })
  await expect(lane.next(never)).rejects.toThrow('away')
})
