import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyText } from './copyText.ts'

const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** As PostgreSQL reads it ("COPY", File Formats, Text Format). */
const cellsOf = (line: string) =>
  line
    .split('\t')
    .map((cell) =>
      cell === '\\N' ? null : cell.replace(/\\(.)/gs, (_, letter: string) => ESCAPED[letter] ?? letter),
    )

test('whatever values hold, each recipient is a line, and reads back as it was', () => {
  const json = fc.string({ unit: 'binary' }).map((text) => JSON.stringify({ text }))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.option(json), fc.option(json)), { maxLength: 5 }), (values) => {
      const recipients = values.map(([variables, headers], index) => ({
        mailbox: { address: `A${index}@x.org`, normalised: `a${index}@x.org` },
        variables: variables ?? undefined,
        headers: headers ?? undefined,
      }))
      const lines = copyText('id', 7, recipients).split('\n')
      expect(lines.pop()).toBe('')
      expect(lines.map(cellsOf)).toEqual(
        values.map(([variables, headers], index) => [
          'id',
          String(7 + index),
          `A${index}@x.org`,
          `a${index}@x.org`,
          variables,
          headers,
        ]),
      )
    }),
  )
})
