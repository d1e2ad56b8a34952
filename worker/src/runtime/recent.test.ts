import { expect, test } from 'vitest'
import { Recent } from './recent.ts'

test('the one used longest ago makes room, and a look is no use', () => {
  const recent = new Recent<number>(2)
  let made = 0
  const use = (name: string) => recent.use(name, () => (made += 1))
  expect([use('a'), use('b'), use('a')]).toEqual([1, 2, 1])
  expect(recent.peek('b')).toBe(2)
  use('c')
  expect([recent.peek('a'), recent.peek('b'), recent.peek('c')]).toEqual([1, undefined, 3])
  recent.forget('a')
  expect(use('a')).toBe(4)
})
