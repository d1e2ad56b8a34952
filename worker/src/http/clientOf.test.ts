import { expect, test } from 'vitest'
import { clientOf, plainAddress } from './clientOf.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['not an address', 'unknown'],
])('%s is counted as %s', (ip, client) => {
  expect(clientOf(ip)).toBe(client)
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:0db8::1', '2001:db8::1'],
  ['not an address', 'not an address'],
])('%s is told as %s', (ip, told) => {
  expect(plainAddress(ip)).toBe(told)
})
