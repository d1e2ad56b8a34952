import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress, parseSender, splitSender } from './address.ts'

test.each([
  ['a@example.org', 'a@example.org'],
  ['A.b+c@Example.ORG', 'A.b+c@example.org'],
  ['a@bücher.example', 'a@xn--bcher-kva.example'],
  ["o'neil@x.co", "o'neil@x.co"],
  ['a@localhost', 'a@localhost'],
])('%s is the mailbox %s', (text, normalised) => {
  expect(parseAddress(text)).toMatchObject({ ok: true, mailbox: { normalised } })
})

test.each([
  ['', 'malformed_address'],
  ['a', 'malformed_address'],
  ['@example.org', 'malformed_address'],
  ['a@', 'malformed_address'],
  ['a@@b.org', 'malformed_address'],
  ['.a@b.org', 'malformed_address'],
  ['a..b@b.org', 'malformed_address'],
  ['a@b..org', 'malformed_address'],
  ['a@-b.org', 'malformed_address'],
  ['a b@b.org', 'malformed_address'],
  ['a@b.org ', 'malformed_address'],
  ['a@b.org\r\nBcc: x@y.org', 'malformed_address'],
  ['a@b.org>', 'malformed_address'],
  ['a,b@c.org', 'malformed_address'],
  ['ä@b.org', 'unsupported_address'],
  [`${'a'.repeat(65)}@b.org`, 'address_too_long'],
  [
    `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}`,
    'address_too_long',
  ],
])('%j is refused as %s', (text, code) => {
  expect(parseAddress(text)).toEqual({ ok: false, code })
})

test('a sender may have a name', () => {
  expect(parseSender('The Shop <shop@Example.org>')).toMatchObject({
    ok: true,
    mailbox: { address: 'shop@Example.org' },
  })
  expect(parseSender('The Shop <nobody>')).toMatchObject({ ok: false })
  expect(parseSender('a <b@c.org> <d@e.org>')).toMatchObject({ ok: false })
})

test('a name may hold a comma', () => {
  expect(splitSender('"Doe, Jane" <jane@example.org>')).toEqual({
    name: 'Doe, Jane',
    address: 'jane@example.org',
  })
  expect(splitSender('jane@example.org')).toEqual({ name: '', address: 'jane@example.org' })
})

test('no text that is accepted holds a line break, a space or a bracket', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (local, domain) => {
      const parsed = parseAddress(`${local}@${domain}`)
      if (parsed.ok) expect(parsed.mailbox.address).not.toMatch(/[\s<>\p{Cc}]/u)
    }),
  )
})
