import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reply } from './replies.ts'
import { ReplyParser } from './replies.ts'

function read(chunks: readonly string[], parser = new ReplyParser()): Reply[] {
  const replies: Reply[] = []
  for (const chunk of chunks) {
    parser.push(chunk)
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply)
  }
  return replies
}

const line = fc.string({ unit: fc.constantFrom('a', '5', ' ', '-', '.', '2', '\t'), maxLength: 12 })
const reply = fc.record({
  code: fc.constantFrom(200, 220, 250, 334, 354, 421, 450, 550, 599),
  lines: fc.array(line, { minLength: 1, maxLength: 4 }),
})
const wired = ({ code, lines }: { code: number; lines: readonly string[] }) =>
  lines.map((text, index) => `${code}${index < lines.length - 1 ? '-' : ' '}${text}`)

test('replies are read in order, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 6 }), fc.array(fc.nat()), fc.boolean(), (given, cuts, hasCr) => {
      const text = given
        .map((each) => `${wired(each).join(hasCr ? '\r\n' : '\n')}${hasCr ? '\r\n' : '\n'}`)
        .join('')
      const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
      const chunks = [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length))
      const parser = new ReplyParser()
      expect(read(chunks, parser)).toEqual(
        given.map((each) => ({ code: each.code, text: wired(each).join('\n') })),
      )
      expect(parser.isEmpty).toBe(true)
      expect(parser.fault).toBeUndefined()
    }),
    { numRuns: 300 },
  )
})

test('a code alone, and empty lines between replies, are allowed', () => {
  expect(read(['250\r\n\r\n  \r\n', '354\r\n'])).toEqual([
    { code: 250, text: '250' },
    { code: 354, text: '354' },
  ])
})

test.each([
  'hello\r\n',
  '25 ok\r\n',
  '2500 ok\r\n',
  '199 early\r\n',
  '650 late\r\n',
  'HTTP/1.1 400 Bad Request\r\n',
  '250-one\r\n550 two\r\n',
  '250-one\r\nand so on\r\n',
])('%j is no reply, and nothing is read after it', (text) => {
  const parser = new ReplyParser()
  expect(read([text, '250 ok\r\n'], parser)).toEqual([])
  expect(parser.fault).toContain('Not a reply')
})

test.each([
  ['a line', 'x'.repeat(5_000)],
  ['a reply', '250-and so on\r\n'.repeat(6_000)],
])('%s that does not end is not kept for ever', (_, text) => {
  const parser = new ReplyParser()
  expect(read([`250 ok\r\n`, text], parser)).toEqual([{ code: 250, text: '250 ok' }])
  expect(parser.fault).toContain('too long')
})

test('words are UTF-8 where they are that, and bytes where they are not', () => {
  const utf8 = Buffer.from('550 Empfänger').toString('latin1')
  expect(read([`${utf8}\r\n550 Empf\u00e4nger\r\n`])).toEqual([
    { code: 550, text: '550 Empfänger' },
    { code: 550, text: '550 Empf\u00e4nger' },
  ])
})

test.each([
  ['421 4.4.2 timeout', { code: 421, text: '421 4.4.2 timeout' }],
  ['550', { code: 550, text: '550' }],
  ['250 ok', undefined],
  ['354 go on', undefined],
  ['55', undefined],
  ['550-and', undefined],
  ['', undefined],
])('of a line that breaks off a refusal counts, and nothing else: %j', (text, expected) => {
  const parser = new ReplyParser()
  expect(read([`250 ok\r\n${text}`], parser)).toHaveLength(1)
  expect(parser.isEmpty).toBe(text === '')
  expect(parser.last()).toEqual(expected)
})
