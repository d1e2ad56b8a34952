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
