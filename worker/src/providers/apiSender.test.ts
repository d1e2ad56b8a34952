import fc from 'fast-check'
import { expect, test } from 'vitest'
import { senderOf } from '../domain/sender.ts'
import { formatted } from './apiSender.ts'

test.each([
  ['a@example.org', '', 'a@example.org', 'a@example.org'],
  [
    'Shop <shop@münchen.example>',
    'Shop',
    'shop@xn--mnchen-3ya.example',
    'Shop <shop@xn--mnchen-3ya.example>',
  ],
  [
    'Ada, VP of Engineering <ada@example.org>',
    'Ada, VP of Engineering',
    'ada@example.org',
    '"Ada, VP of Engineering" <ada@example.org>',
  ],
  [
    '"Bob \\"The Man\\" Smith" <b@example.org>',
    'Bob "The Man" Smith',
    'b@example.org',
    '"Bob \\"The Man\\" Smith" <b@example.org>',
  ],
  ['Prénom Élan <p@example.org>', 'Prénom Élan', 'p@example.org', 'Prénom Élan <p@example.org>'],
  ['"Shop" <s@example.org>', 'Shop', 's@example.org', 'Shop <s@example.org>'],
])('%s', (text, name, address, header) => {
  expect(senderOf(text)).toEqual({ name, address })
  expect(formatted(senderOf(text))).toBe(header)
})

test('a name that is written in quotes is read back as it was', () => {
  const names = fc.string({ minLength: 1 }).filter((name) => name.trim() === name && !/[<>]|^"|"$/.test(name))
  fc.assert(
    fc.property(names, (name) => {
      expect(senderOf(formatted({ name, address: 'a@example.org' })).name).toBe(name)
    }),
  )
})
