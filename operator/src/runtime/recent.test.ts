import { expect, it } from 'vitest'
import { Recent } from './recent.ts'

it('remembers what was set last, and no more than it may', () => {
  const recent = new Recent<string, number>(2)
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) recent.set(key, index)
  expect([recent.get('a'), recent.get('b'), recent.get('c'), recent.size]).toEqual([2, undefined, 3, 2])
})
