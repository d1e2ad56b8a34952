import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvRows } from './csvRows.ts'
import { Lines } from './lines.ts'
import type { ParseJson } from './ndjsonRows.ts'
import { ndjsonRows } from './ndjsonRows.ts'
import type { Given, RowReader } from './rows.ts'
import { Digest } from './rows.ts'

const parse: ParseJson = (text) => {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { isForbidden: false }
  }
}

/** @param cuts where one piece ends and the next begins */
async function read(reader: RowReader, bytes: Buffer, cuts: readonly number[] = []) {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  const given: Given[] = []
  const digest = new Digest()
  let from = 0
  for (const end of ends) {
    const rows = await reader.push(bytes.subarray(from, end))
    given.push(...rows.map((row) => row.read()))
    digest.add(rows)
    from = end
  }
  const last = await reader.end()
  given.push(...last.map((row) => row.read()))
  digest.add(last)
  return { given, digest: digest.hex(), problem: reader.problem?.errors[0]?.code }
}

const code = (given: Given | undefined) =>
  given !== undefined && 'fault' in given ? given.fault.code : undefined

const NDJSON = Buffer.from('\u{feff}{"a":"ä🎉"}\r\n\n  \n[1]\n{"b":2}')
const CSV = Buffer.from('\u{feff}"address","n ""x"""\r\na@x.org,"ä🎉\r\n"",,"\r\n\r\nb@x.org\nc@x.org,3')

test('lines of JSON are rows; blank ones, a mark of the byte order and ends of either kind are none', async () => {
  const { given } = await read(ndjsonRows(parse), NDJSON)
  expect(given).toEqual([{ value: { a: 'ä🎉' } }, { value: [1] }, { value: { b: 2 } }])
})

test('lines of CSV are rows with texts by the names of the first line', async () => {
  const { given, problem } = await read(csvRows(), CSV)
  expect(problem).toBeUndefined()
  expect(given).toEqual([
    { value: { address: 'a@x.org', variables: { 'n "x"': 'ä🎉\r\n",,' } } },
    { fault: { pointer: '', code: 'column_count', detail: '1 columns, where there are 2 names' } },
    { value: { address: 'c@x.org', variables: { 'n "x"': '3' } } },
  ])
})

test.each([
  ['JSON', NDJSON, () => ndjsonRows(parse)],
  ['CSV', CSV, csvRows],
])('wherever pieces of %s end, the rows are the same, and recognised', async (_, bytes, reader) => {
  const whole = await read(reader(), bytes)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      expect(await read(reader(), bytes, cuts)).toEqual(whole)
    }),
    { numRuns: 100 },
  )
})

test('a line at fault leaves the others alone, and is the same wherever pieces end', () => {
  const most = 10
  const bytes = Buffer.from(`ok\n${'x'.repeat(25)}\n\xff\xfe\n0123456789\n${'y'.repeat(11)}`, 'latin1')
  const linesBy = (size: number) => {
    const lines = new Lines(most)
    const found = []
    for (let at = 0; at < bytes.length; at += size) found.push(...lines.push(bytes.subarray(at, at + size)))
    const last = lines.end()
    return [...found, ...(last === undefined ? [] : [last])]
  }
  const whole = linesBy(bytes.length)
  expect(whole).toEqual([
    { text: 'ok' },
    { text: 'x'.repeat(10), fault: 'row_too_long' },
    { text: '\u{ff}\u{fe}', fault: 'invalid_utf8' },
    { text: '0123456789' },
    { text: 'y'.repeat(10), fault: 'row_too_long' },
  ])
  for (let size = 1; size < bytes.length; size += 1) expect(linesBy(size)).toEqual(whole)
})

test('of quotes that are not closed no more is kept than a row may have', async () => {
  const reader = csvRows()
  await reader.push(Buffer.from('address\na@x.org\n"'))
  const piece = Buffer.alloc(65_536, 'x')
  let pieces = 0
  while (reader.problem === undefined && pieces < 100) {
    await reader.push(piece)
    pieces += 1
  }
  expect([reader.problem?.errors[0]?.code, pieces]).toEqual(['row_too_long', 17])
  expect(await reader.push(piece)).toEqual([])
})

test('what nests or multiplies beyond a recipient is not parsed', async () => {
  const lines = [`${'['.repeat(5_000)}${']'.repeat(5_000)}`, `[${'{},'.repeat(300_000)}{}]`]
  const parsed: string[] = []
  const reader = ndjsonRows((text) => {
    parsed.push(text)
    return parse(text)
  })
  const { given } = await read(reader, Buffer.from(lines.join('\n')))
  expect(given.map(code)).toEqual(['too_deep', 'row_too_long'])
  expect(parsed).toEqual([])
})
