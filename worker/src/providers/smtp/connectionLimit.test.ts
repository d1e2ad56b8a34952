import { expect, test } from 'vitest'
import { ConnectionLimit } from './connectionLimit.ts'

test('a refusal lowers it to what is open, never below one and never up', () => {
  const limit = new ConnectionLimit(20)
  for (let open = 19; open >= 3; open -= 1) limit.refused(open, 0)
  expect(limit.allowed).toBe(3)
  limit.refused(10, 0)
  expect(limit.allowed).toBe(3)
  limit.refused(0, 0)
  expect(limit.allowed).toBe(1)
})

test('it is raised by one after a while, and no further than it is set', () => {
  const limit = new ConnectionLimit(3)
  limit.refused(1, 0)
  limit.took(999)
  expect(limit.allowed).toBe(1)
  limit.took(1_000)
  limit.took(1_001)
  expect(limit.allowed).toBe(2)
  limit.took(2_000)
  limit.took(3_000)
  expect(limit.allowed).toBe(3)
})

test('one more that is refused again is waited for twice as long, ten minutes at most', () => {
  const limit = new ConnectionLimit(20)
  let nowMs = 0
  limit.refused(3, nowMs)
  const waits = Array.from({ length: 12 }, () => {
    const sinceMs = nowMs
    while (limit.allowed === 3) limit.took((nowMs += 1_000))
    limit.refused(3, nowMs)
    return (nowMs - sinceMs) / 1_000
  })
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600])
})
