import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BloomFilter } from './bloomFilter.ts'

test('what was added is never taken for new', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const filter = new BloomFilter()
      for (const text of texts) filter.add(text)
      for (const text of texts) expect(filter.add(text)).toBe(true)
    }),
    { numRuns: 20 },
  )
})

test('of a million like each other nearly all are told from those before', () => {
  const filter = new BloomFilter()
  let mistaken = 0
  for (let index = 0; index < 1_000_000; index += 1)
    if (filter.add(`recipient${index}@example.org`)) mistaken += 1
  expect(mistaken).toBeLessThan(1_000)
})
