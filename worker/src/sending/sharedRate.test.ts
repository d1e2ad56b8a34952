import { expect, test } from 'vitest'
import { sharedRate } from './sharedRate.ts'

const never = new AbortController().signal

test('tokens are leased in lots of a tenth of a second, and what was not used is used next', async () => {
  const asked: number[] = []
  const rate = sharedRate({ lease: (limit) => Promise.resolve(asked.push(limit) > 0 ? limit : 0) }, 100)
  expect(await rate.take(4, never)).toBe(4)
  rate.giveBack(2)
  expect(await rate.take(50, never)).toBe(8)
  expect(await rate.take(50, never)).toBe(10)
  expect(asked).toEqual([10, 10])
})

test('an empty bucket is waited for, until told to stop', async () => {
  let leases = 0
  const stop = new AbortController()
  const rate = sharedRate(
    {
      lease: () => {
        leases += 1
        if (leases === 3) stop.abort()
        return Promise.resolve(0)
      },
    },
    1_000,
  )
  expect(await rate.take(1, stop.signal)).toBe(0)
  expect(leases).toBe(3)
})

test('a bucket that cannot be reached is an error for the one who asked, not for the next', async () => {
  let calls = 0
  const lease = () => {
    calls += 1
    return calls === 1 ? Promise.reject(new Error('away')) : Promise.resolve(1)
  }
  const rate = sharedRate({ lease }, 1)
  await expect(rate.take(1, never)).rejects.toThrow('away')
  expect(await rate.take(1, never)).toBe(1)
})
