import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, isSafe, onTheWire } from './wire.ts'

/** As a server reads it (RFC 5321 §4.5.2). @returns the message, and what comes after its end */
function readBack(wire: string): [message: string, rest: string] {
  const lines = wire.split('\r\n')
  const end = lines.indexOf('.')
  const message = lines.slice(0, end).map((each) => `${each.startsWith('.') ? each.slice(1) : each}\r\n`)
  return [message.join(''), lines.slice(end + 1).join('\r\n')]
}

test('a message comes out as it went in, whatever begins with dots', () => {
  const text = fc.array(fc.constantFrom('.', '..', 'a', '', '.\r\n', '\r\n', '. '), { maxLength: 12 })
  fc.assert(
    fc.property(text, (parts) => {
      const mime = `${parts.join('')}\r\n`
      expect(readBack(onTheWire(mime))).toEqual([mime, ''])
    }),
    { numRuns: 300 },
  )
})

test('a message without an end of line gets one', () => {
  expect(onTheWire('a')).toBe('a\r\n.\r\n')
})

test('no line feed of its own makes an end that some servers see', () => {
  expect(onTheWire('a\n.\nMAIL FROM:<x@y>\r\n')).not.toMatch(/\n\.\r?\n(?!$)/)
})

test.each(['a@b\r\nRCPT TO:<c@d>', 'a@b>', '<a@b', 'a\0@b', 'a\n@b'])(
  '%j is not put into a command',
  (address) => {
    expect(isSafe(address)).toBe(false)
  },
)

test('an address outside ASCII goes as UTF-8, one character for each byte', () => {
  expect(bytesOf('ä@b')).toBe('\u00c3\u00a4@b')
  expect(bytesOf('a@b')).toBe('a@b')
})
