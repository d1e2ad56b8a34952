import { describe, expect, it } from 'vitest'
import { percentile, spreadOf } from './statistics.ts'

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

  it.each([
    { share: 0.5, expected: 50, why: 'nearest rank, whatever the order' },
    { share: 0.99, expected: 99, why: 'one value in a hundred is worse' },
    { share: 1, expected: 100, why: 'the worst' },
    { share: 0, expected: 1, why: 'the best' },
  ])('of 1 to 100 at $share is $expected: $why', ({ share, expected }) => {
    expect(percentile(hundred, share)).toBe(expected)
  })

  it('is no number where nothing was measured', () => {
    expect(percentile([], 0.5)).toBeNaN()
  })
})

describe('the spread of a figure over the rounds', () => {
  it('has the median, the least and the most', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
  })
  it('has the mean of the two in the middle when there is none between them', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 })
  })
})
