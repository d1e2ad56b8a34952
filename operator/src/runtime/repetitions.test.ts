import { expect, it } from 'vitest'
import { Repetitions } from './repetitions.ts'

const PAUSES = { firstMs: 5_000, longestMs: 300_000 }

it('lets a statement be said once at once, and again ever more rarely', () => {
  let now = 0
  const repetitions = new Repetitions(() => now)
  expect(repetitions.waitMs('a', PAUSES)).toBe(0)
  repetitions.said('a')
  expect(repetitions.waitMs('b', PAUSES)).toBe(0)
  now = 1_000
  expect(repetitions.waitMs('a', PAUSES)).toBe(4_000)
  now = 5_000
  repetitions.said('a')
  now = 6_000
  expect(repetitions.waitMs('a', PAUSES)).toBe(9_000)
  now = 15_000
  expect(repetitions.waitMs('a', PAUSES)).toBe(0)
})

it('waits five minutes at most, and forgets what was not said for long', () => {
  let now = 0
  const repetitions = new Repetitions(() => now)
  for (let turn = 0; turn < 12; turn += 1) {
    now += repetitions.waitMs('a', PAUSES)
    repetitions.said('a')
  }
  expect(repetitions.waitMs('a', PAUSES)).toBe(300_000)
  now += 2_000_000
  expect(repetitions.waitMs('a', PAUSES)).toBe(0)
})
