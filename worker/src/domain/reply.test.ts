import { expect, test } from 'vitest'
import { enhancedCodeOf, withoutAddresses } from './reply.ts'

test.each([
  ['550 5.1.1 no such user', '5.1.1'],
  ['550-first line\r\n550 5.1.1 no such user', '5.1.1'],
  ['550-5.7.1 not you\r\n550 5.1.1 no such user', '5.7.1'],
  ['550-see example.org\n550-for 4.2.1 of it\n550 (#5.2.2)', '5.2.2'],
  ['550-first line\r\n550 4.2.1 contradicts the code', undefined],
  ['550-first line\r\n550 none', undefined],
])('%j has %s', (reply, code) => {
  expect(enhancedCodeOf(reply)).toBe(code)
})

test.each([
  [
    '550 5.1.1 <ann@example.org>: Recipient address rejected',
    '550 5.1.1 <[redacted]>: Recipient address rejected',
  ],
  ['553 sender shop@example.org, not owned', '553 sender [redacted], not owned'],
  [
    '554 identities failed: ann@example.org, "bob@example.org"',
    '554 identities failed: [redacted], "[redacted]"',
  ],
  ['421 try again', '421 try again'],
])('%s is logged without addresses', (words, expected) => {
  expect(withoutAddresses(words)).toBe(expected)
})
