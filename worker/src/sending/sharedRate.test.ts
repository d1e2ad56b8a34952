import { expect, test } from 'vitest'
import type { Lease, TokenBucket } from './sharedRate.ts'
import { sharedRate } from './sharedRate.ts'

const never = new AbortController().signal
const fail = (error: unknown) => {
  throw error
}

function bucket(lease: (limit: number) => Partial<Lease> | Error) {
  const told: string[] = []
  const asked: number[] = []
  const given: TokenBucket = {
    lease: (limit) => {
      asked.push(limit)
      const answer = lease(limit)
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ granted: 0, perSecond: undefined, closedMs: 0, ...answer })
    },
    learn: (perSecond) => Promise.resolve(void told.push(`learn ${perSecond}`)),
    slow: (closedMs) => Promise.resolve(void told.push(`slow ${closedMs}`)),
  }
  return { given, told, asked }
}

test('tokens are leased in lots of a tenth of a second, and what was not used is used next', async () => {
  const { given, asked } = bucket((limit) => ({ granted: limit, perSecond: 100 }))
  const rate = sharedRate(given, fail)
  expect(await rate.take(4, never)).toBe(1)
  expect(await rate.take(4, never)).toBe(4)
  rate.giveBack(2)
  expect(await rate.take(50, never)).toBe(8)
  expect(await rate.take(50, never)).toBe(10)
  expect(asked).toEqual([1, 10, 10])
})

test('an empty bucket is waited for, until told to stop', async () => {
  let leases = 0
  const stop = new AbortController()
  const { given } = bucket(() => {
    leases += 1
    if (leases === 3) stop.abort()
    return { perSecond: 1_000 }
  })
  expect(await sharedRate(given, fail).take(1, stop.signal)).toBe(0)
  expect(leases).toBe(3)
})

test('a bucket that cannot be reached is an error for the one who asked, not for the next', async () => {
  let calls = 0
  const { given } = bucket(() => {
    calls += 1
    return calls === 1 ? new Error('away') : { granted: 1 }
  })
  const rate = sharedRate(given, fail)
  await expect(rate.take(1, never)).rejects.toThrow('away')
  expect(await rate.take(1, never)).toBe(1)
})

test('a refusal costs the tokens that are left here, and is told to all', async () => {
  const { given, told, asked } = bucket((limit) => ({ granted: limit, perSecond: 100 }))
  const rate = sharedRate(given, fail)
  await rate.take(1, never)
  await rate.take(1, never)
  rate.refused(7_000)
  rate.refused(7_000)
  await rate.take(1, never)
  expect(asked).toEqual([1, 10, 10])
  expect(told).toEqual(['slow 7000'])
})

test('what the provider takes is told when it changes', async () => {
  const { given, told } = bucket(() => ({}))
  const rate = sharedRate(given, fail)
  for (const perSecond of [2, 2, 2, 5]) {
    rate.learned(perSecond)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(told).toEqual(['learn 2', 'learn 5'])
})

test('express is served before bulk that waited for longer, and bulk has a quarter', async () => {
  const { given } = bucket((limit) => ({ granted: limit, perSecond: 100 }))
  const rate = sharedRate(given, fail)
  await rate.take(1, never)
  const order: string[] = []
  const takes = (
    ['bulk', 'bulk', 'bulk', ...Array.from({ length: 9 }, () => 'express' as const)] as const
  ).map(async (lane) => {
    for (let left = 10; left > 0;) {
      const granted = await rate.take(left, never, lane)
      left -= granted
      if (left === 0) order.push(lane)
    }
  })
  await Promise.all(takes)
  expect(order.slice(0, 3)).toEqual(['express', 'express', 'express'])
  expect(order.slice(0, 8).filter((lane) => lane === 'bulk')).toHaveLength(2)
  expect(order).toHaveLength(12)
})

test('who comes while tokens are waited for is served first when they come', async () => {
  let release: () => void = () => undefined
  const given: TokenBucket = {
    lease: (limit) =>
      new Promise((resolve) => {
        release = () => {
          resolve({ granted: limit, perSecond: 10, closedMs: 0 })
        }
      }),
    learn: () => Promise.resolve(),
    slow: () => Promise.resolve(),
  }
  const rate = sharedRate(given, fail)
  const order: string[] = []
  const bulk = rate.take(1, never).then(() => order.push('bulk'))
  const express = rate.take(1, never, 'express').then(() => order.push('express'))
  release()
  await express
  release()
  await bulk
  expect(order).toEqual(['express', 'bulk'])
})
