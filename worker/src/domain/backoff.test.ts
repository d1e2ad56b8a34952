import { expect, test } from 'vitest'
import { backoffMs, reconnectMs } from './backoff.ts'

test('each try waits four times as long, between half and all of it, an hour at most', () => {
  expect([1, 2, 3, 4].map((tries) => backoffMs(tries, 0))).toEqual([1_000, 4_000, 16_000, 64_000])
  expect(backoffMs(1, 0.999)).toBeLessThanOrEqual(2_000)
  expect(backoffMs(50, 0.999)).toBeLessThanOrEqual(3_600_000)
})

test('a lost server is asked again after a quarter of a second at least and fifteen at most', () => {
  expect(reconnectMs(1, 0.9)).toBe(250)
  expect(reconnectMs(100, 1)).toBe(15_000)
  expect(reconnectMs(100, 0)).toBe(250)
})
