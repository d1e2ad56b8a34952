import { expect, it } from 'vitest'
import { linedPem } from './pem.ts'

const block = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`

it.each([
  { why: 'two that are joined', text: block('a') + block('b'), lined: `${block('a')}\n${block('b')}` },
  {
    why: 'blanks between two',
    text: `${block('a')} \t${block('b')}\n`,
    lined: `${block('a')}\n${block('b')}\n`,
  },
  { why: 'words before one', text: `CA:${block('a')}`, lined: `CA:\n${block('a')}` },
  {
    why: 'two as they should be',
    text: `${block('a')}\n${block('b')}\n`,
    lined: `${block('a')}\n${block('b')}\n`,
  },
  { why: 'CRLF', text: `${block('a')}\r\n${block('b')}\r\n`, lined: `${block('a')}\r\n${block('b')}\r\n` },
  { why: 'nothing', text: '', lined: '' },
])('puts every block on a line of its own: $why', ({ text, lined }) => {
  expect(linedPem(text)).toBe(lined)
  expect(linedPem(lined)).toBe(lined)
})
