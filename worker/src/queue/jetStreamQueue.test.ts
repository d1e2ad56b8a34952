import { expect, test } from 'vitest'
import { parseRef } from './jetStreamQueue.ts'

const ID = '00000000-0000-4000-8000-000000000001'
const wakeup = (batchId: unknown, chunk: unknown) => JSON.stringify({ batchId, chunk })

test('a wake-up names a stretch of a batch', () => {
  expect(parseRef(wakeup(ID, 0))).toEqual({ batchId: ID, chunk: 0 })
  expect(parseRef(wakeup(ID, 2_147_483_647))).toEqual({ batchId: ID, chunk: 2_147_483_647 })
})

test.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['no object', '[]'],
  ['null', 'null'],
  ['an id that is none', wakeup('x', 1)],
  ['an id within another text', wakeup(`${ID}'`, 1)],
  ['a number of a chunk that no integer of PostgreSQL can be', wakeup(ID, 2_147_483_648)],
  ['a negative one', wakeup(ID, -1)],
  ['half of one', wakeup(ID, 0.5)],
  ['one in letters', wakeup(ID, '1')],
])('%s is no wake-up', (_what, text) => {
  expect(parseRef(text)).toBeUndefined()
})
