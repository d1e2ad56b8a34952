import { expect, test } from 'vitest'
import { parseIdempotencyKey } from './idempotencyKey.ts'

test.each([
  ['"abc"', 'abc'],
  ['abc', 'abc'],
  ['"a b"', 'a b'],
  [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  [' "abc" ', 'abc'],
  ['x'.repeat(255), 'x'.repeat(255)],
])('%s is a key', (header, key) => {
  expect(parseIdempotencyKey(header)).toBe(key)
})

test.each(['', '""', '"abc', 'a b', 'a"b', 'x'.repeat(256), '"a", "b"', 'ä'])('%s is none', (header) => {
  expect(parseIdempotencyKey(header)).toBeUndefined()
})
