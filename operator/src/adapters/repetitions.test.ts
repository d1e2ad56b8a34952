import { expect, it } from 'vitest'
import { Repetitions } from './repetitions.ts'

it('lets a statement be said once at once, and again ever more rarely', () => {
  const repetitions = new Repetitions({ firstMs: 5_000, longestMs: 300_000 })
  expect(repetitions.waitMs('a', 0)).toBe(0)
  repetitions.said('a', 0)
  expect(repetitions.waitMs('b', 0)).toBe(0)
  expect(repetitions.waitMs('a', 1_000)).toBe(4_000)
  repetitions.said('a', 5_000)
  expect(repetitions.waitMs('a', 6_000)).toBe(9_000)
  expect(repetitions.waitMs('a', 15_000)).toBe(0)
})

it('waits five minutes at most, and forgets what was not said for long', () => {
  const repetitions = new Repetitions({ firstMs: 5_000, longestMs: 300_000 })
  let now = 0
  for (let turn = 0; turn < 12; turn += 1) {
    now += repetitions.waitMs('a', now)
    repetitions.said('a', now)
  }
  expect(repetitions.waitMs('a', now)).toBe(300_000)
  expect(repetitions.waitMs('a', now + 2_000_000)).toBe(0)
})
