import { expect, test } from 'vitest'
import { withoutAddresses } from './reply.ts'

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
