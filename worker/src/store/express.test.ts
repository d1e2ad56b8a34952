import { expect, test } from 'vitest'
import { CHUNK_SIZE, expressRank, SMALL_RANK } from './express.ts'

test('small and urgent batches have a place in the lane, urgent ones first, then those with few recipients', () => {
  const ranks = [
    expressRank(1, 'transactional'),
    expressRank(CHUNK_SIZE, 'transactional'),
    expressRank(1, 'bulk'),
    expressRank(CHUNK_SIZE, 'bulk'),
    expressRank(50_000, 'transactional'),
  ]
  expect(ranks).toEqual(ranks.toSorted((a = 0, b = 0) => a - b))
  expect(expressRank(CHUNK_SIZE + 1, 'bulk')).toBeUndefined()
  expect(expressRank(50_001, 'transactional')).toBeUndefined()
})

test('handlers that are kept for small ones take every batch of one chunk', () => {
  for (const priority of ['transactional', 'bulk'] as const)
    expect(expressRank(CHUNK_SIZE, priority)).toBeLessThanOrEqual(SMALL_RANK)
  expect(expressRank(SMALL_RANK + 1, 'transactional')).toBeGreaterThan(SMALL_RANK)
})
