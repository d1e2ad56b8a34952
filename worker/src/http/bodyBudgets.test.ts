import { expect, test } from 'vitest'
import { bodyBudgets, largestRequestBytes } from './bodyBudgets.ts'
import { jsonOutline } from '../jsonOutline.ts'

const MEBIBYTE = 1_048_576
/** What a worker has by default, and the heap that Node 24 chooses then. */
const DEFAULT = { limitBytes: 512 * MEBIBYTE, heapBytes: 259 * MEBIBYTE }

test('the default memory is enough for the default size of a request', () => {
  expect(largestRequestBytes(DEFAULT)).toBeGreaterThanOrEqual(10_485_760)
})

test('a batch of the largest size fits when it is alone, also of many small variables', () => {
  const { received, parsed } = bodyBudgets(DEFAULT)
  const recipient = `{"address":"a@example.org","variables":{${Array.from('abcdefghijklmnopqrstuvwxyz', (name) => `"${name}":"value"`).join()}}},`
  const body = Buffer.from(recipient.repeat(Math.floor(10_485_760 / recipient.length)))
  expect(jsonOutline(body, { maxDepth: 32, maxCostBytes: parsed.totalBytes })).toMatchObject({ ok: true })
  expect(received.totalBytes / 2).toBeGreaterThan(10_485_760)
})

test('all of it together leaves room for the program', () => {
  const { received, open, parsed } = bodyBudgets(DEFAULT)
  expect(received.totalBytes + open.totalBytes).toBeLessThan((DEFAULT.limitBytes - DEFAULT.heapBytes) / 2)
  expect(parsed.totalBytes).toBeLessThan(DEFAULT.heapBytes - 64 * MEBIBYTE)
})

test('with less memory the program keeps what it needs, and commands still fit', () => {
  const { parsed } = bodyBudgets({ limitBytes: 128 * MEBIBYTE, heapBytes: 67 * MEBIBYTE })
  expect(parsed.totalBytes).toBeLessThan(3 * MEBIBYTE)
  const command = Buffer.from(JSON.stringify({ as: 'sent', recipients: ['a@example.org'] }))
  expect(jsonOutline(command, { maxDepth: 32, maxCostBytes: parsed.totalBytes })).toMatchObject({ ok: true })
})

test('a heap that somebody set larger gives bodies no more', () => {
  const larger = bodyBudgets({ ...DEFAULT, heapBytes: 448 * MEBIBYTE })
  expect(larger.parsed.totalBytes).toBeLessThan(bodyBudgets(DEFAULT).parsed.totalBytes * 1.05)
})

test('one token, or one address, leaves something to the others', () => {
  const { received, open } = bodyBudgets(DEFAULT)
  for (const budget of [received, open]) {
    const greedy = budget.reserve('a')
    while (greedy.grow(MEBIBYTE));
    expect(budget.takenBytes).toBeGreaterThan(MEBIBYTE)
    expect(budget.reserve('b').grow(8 * MEBIBYTE)).toBe(true)
  }
})
