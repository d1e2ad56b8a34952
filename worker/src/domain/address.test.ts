import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress, parseSender, spelledBefore, splitSender } from './address.ts'

test.each([
  ['a@example.org', 'a@example.org'],
  ['A.b+c@Example.ORG', 'a.b+c@example.org'],
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
  ['ann@exämple.org/bob', 'malformed_address'],
  ['eve@exämple.org?x=1', 'malformed_address'],
  ['kim@exämple.org#frag', 'malformed_address'],
  ['pat@exämple.org\\x', 'malformed_address'],
  ['lea@exämple.org:25', 'malformed_address'],
  ['lea@exämple%2eorg', 'malformed_address'],
  ['lea@exämple.org／x', 'malformed_address'],
  ['lea@exämple.org？x', 'malformed_address'],
  ['lea@exämple.org％2fx', 'malformed_address'],
  ['lea@exämple_a.org', 'malformed_address'],
  ['lea@exämple.org.', 'malformed_address'],
  ['ann@１２７.1', 'malformed_address'],
  ['ann@０x７f', 'malformed_address'],
  ['ann@127.0.0.1', 'malformed_address'],
  ['ann@127.1', 'malformed_address'],
  ['ann@example.42', 'malformed_address'],
  ['ann@42', 'malformed_address'],
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

test.each([
  ['"Bob \\"The Man\\" Smith" <bob@example.org>', 'Bob "The Man" Smith'],
  ['"back\\\\slash" <bob@example.org>', 'back\\slash'],
  ['"A <b> C" <bob@example.org>', 'A <b> C'],
  ['"A \\"<b@c.org>\\" C"<bob@example.org>', 'A "<b@c.org>" C'],
  ['"" <bob@example.org>', ''],
  ['Bob "The Man" Smith <bob@example.org>', 'Bob "The Man" Smith'],
])('%j has the name %j', (text, name) => {
  expect(splitSender(text)).toEqual({ name, address: 'bob@example.org' })
  expect(parseSender(text)).toMatchObject({ ok: true, mailbox: { address: 'bob@example.org' } })
})

test('whatever a name is, it comes out of its quotes as it was put into them', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const quoted = `"${name.replace(/["\\]/g, '\\$&')}" <bob@example.org>`
      expect(splitSender(quoted)).toEqual({ name, address: 'bob@example.org' })
    }),
  )
})

const LETTERS = Array.from('abzABZ019+._-')

test('one mailbox however its letters are written, and the server is given it as it was', () => {
  const local = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1 })
  const domain = fc.string({ unit: fc.constantFrom(...LETTERS, 'ä', 'İ', 'ß'), minLength: 1 })
  fc.assert(
    fc.property(local, domain, fc.boolean(), (before, after, isUpper) => {
      const address = `${before}@${after}`
      const other = isUpper ? address.toUpperCase() : address.toLowerCase()
      const [parsed, again] = [parseAddress(address), parseAddress(`${other.split('@')[0]}@${after}`)]
      expect(again.ok).toBe(parsed.ok)
      if (!parsed.ok || !again.ok) return
      expect(again.mailbox.normalised).toBe(parsed.mailbox.normalised)
      expect(parsed.mailbox.normalised).toBe(parsed.mailbox.address.toLowerCase())
      expect(parsed.mailbox.address.split('@')[0]).toBe(before)
      expect(parseAddress(parsed.mailbox.normalised)).toMatchObject({
        mailbox: { normalised: parsed.mailbox.normalised },
      })
    }),
  )
})

test('no part of a domain is dropped: it has the labels that were given', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 }), (ascii, any) => {
      for (const domain of [`exämple.org${ascii}`, `${ascii}ä.org`, `ä${any}.org`]) {
        const parsed = parseAddress(`ann@${domain}`)
        if (!parsed.ok) continue
        const [, sent = ''] = parsed.mailbox.address.split('@')
        expect(sent.split('.')).toHaveLength(domain.split(/[.\u3002\uff0e\uff61]/).length)
        expect(domain.replace(/[^\x20-\x7e]/g, '')).toMatch(/^[A-Za-z0-9.-]*$/)
      }
    }),
  )
})

test.each([
  ['Joe@Example.ORG', 'Joe@example.org'],
  ['joe@example.org', 'joe@example.org'],
])('an older worker compared %s as %s', (address, spelled) => {
  expect(spelledBefore(address)).toBe(spelled)
})

test('no text that is accepted holds a line break, a space or a bracket', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (local, domain) => {
      const parsed = parseAddress(`${local}@${domain}`)
      if (parsed.ok) expect(parsed.mailbox.address).not.toMatch(/[\s<>\p{Cc}]/u)
    }),
  )
})
