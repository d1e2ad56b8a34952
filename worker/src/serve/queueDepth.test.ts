import { expect, it } from 'vitest'
import { depthInTime } from './queueDepth.ts'

const queue = (depth: () => Promise<number | undefined>, connected = true) => ({
  isConnected: () => connected,
  depth,
})

it('is what the queue says', async () => {
  expect(await depthInTime(queue(() => Promise.resolve(7)))).toBe(7)
})

it('is left out where NATS hangs, fails or is away', async () => {
  expect(
    await depthInTime(
      queue(() => new Promise(() => undefined)),
      10,
    ),
  ).toBeUndefined()
  expect(await depthInTime(queue(() => Promise.reject(new Error('timeout'))))).toBeUndefined()
  expect(await depthInTime(queue(() => Promise.resolve(7), false))).toBeUndefined()
})
