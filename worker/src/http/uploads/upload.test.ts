import { expect, test } from 'vitest'
import type { Lot, UploadHold, UploadPart, UploadStore } from '../ports.ts'
import type { Row } from './rows.ts'
import { textsOf } from '../batchContent.ts'
import { planOf } from '../recipientVariables.ts'
import { LotBuilder } from './lotBuilder.ts'
import { Upload } from './upload.ts'
import { uploadTurns } from './uploadTurns.ts'

const CONTENT = {
  from: 's@example.org',
  subject: 'Hello',
  text: '{{#each list}}{{x}}{{/each}}',
  html: undefined,
}
const PLAN = planOf(textsOf({ subject: CONTENT.subject, text: CONTENT.text }).parsed, [])

const rowOf = (value: unknown): Row => ({ text: JSON.stringify(value), read: () => ({ value }) })
const rows = (count: number, from = 0): Row[] =>
  Array.from({ length: count }, (_, index) => rowOf({ address: `r${from + index}@example.org` }))

/** A store that takes whatever it is given, as soon as it is let. */
function storeOf() {
  const lots: Lot[] = []
  const store: Pick<UploadStore, 'add' | 'parts'> = {
    add: (_hold: UploadHold, lot: Lot) => {
      lots.push(lot)
      return Promise.resolve(lot.recipients.length)
    },
    parts: (_id: string, fromRow: number): Promise<readonly UploadPart[]> =>
      Promise.resolve(lots.filter(({ firstRow }) => firstRow >= fromRow).slice(0, 1)),
  }
  const upload = (offset: number, from = offset) =>
    new Upload(store, { batchId: 'b', holder: 'h', content: CONTENT, offset }, from, PLAN)
  return { lots, store, upload }
}

test('rows are handed over in lots of a size that does not depend on how many there are', async () => {
  const { lots, upload } = storeOf()
  const own = upload(0)
  await own.take(rows(16_500))
  await own.take(rows(10, 16_500))
  expect(await own.end()).toMatchObject({ offset: 16_510, recipients: 16_510 })
  expect(lots.map((lot) => [lot.firstRow, lot.rows])).toEqual([
    [0, 8_000],
    [8_000, 8_000],
    [16_000, 510],
  ])
})

test('no more than one lot is on its way while the next is made', async () => {
  const { store } = storeOf()
  let [onTheirWay, most] = [0, 0]
  const add: UploadStore['add'] = async (hold, lot) => {
    onTheirWay += 1
    most = Math.max(most, onTheirWay)
    await new Promise((resolve) => setImmediate(resolve))
    onTheirWay -= 1
    return store.add(hold, lot)
  }
  const hold = { batchId: 'b', holder: 'h', content: CONTENT, offset: 0 }
  const upload = new Upload({ ...store, add }, hold, 0, PLAN)
  await upload.take(rows(21_000))
  expect((await upload.end()).offset).toBe(21_000)
  expect(most).toBe(1)
})

test('what was taken is recognised part by part, and anything else is not', async () => {
  const { upload } = storeOf()
  const first = upload(0)
  await first.take(rows(8_500))
  await first.end()
  const again = upload(8_500, 0)
  await again.take(rows(8_200))
  await again.take(rows(400, 8_200))
  expect(await again.end()).toMatchObject({ offset: 8_600, repeated: 8_500, recipients: 100 })

  const other = upload(8_600, 8_000)
  await expect(other.take(rows(500, 8_001))).rejects.toMatchObject({ type: 'upload-changed' })
  const less = upload(8_600, 8_000)
  await less.take(rows(499, 8_000))
  await expect(less.end()).rejects.toMatchObject({ type: 'upload-changed' })
})

test('what the store refuses ends it, with the offset that it tells', async () => {
  const { store } = storeOf()
  const add = () => Promise.resolve({ refusal: 'superseded', offset: 77 } as const)
  const hold = { batchId: 'b', holder: 'h', content: CONTENT, offset: 5 }
  const upload = new Upload({ ...store, add }, hold, 5, PLAN)
  await upload.take(rows(10))
  await expect(upload.end()).rejects.toMatchObject({ type: 'upload-superseded' })
  expect(upload.offset).toBe(77)
})

test('of a lot each mailbox is there once, and what is refused is told in bounds', () => {
  const lot = new LotBuilder(10, PLAN)
  const list = Array.from({ length: 30_000 }, () => ({ x: 1 }))
  lot.take([
    rowOf({ address: 'Ann@example.org' }),
    rowOf({ address: 'ann@EXAMPLE.org' }),
    rowOf({ address: 'b@example.org', ['long\0'.repeat(1_000)]: 1 }),
    rowOf({ address: 'c@example.org', variables: { list: list.slice(0, 1_000) } }),
    rowOf({ address: 'd@example.org', variables: { list: Array.from({ length: 1_000 }, () => ({ y: 1 })) } }),
  ])
  const { recipients, refused, refusedCount, rows: count } = lot.build()
  expect(recipients.map(({ mailbox }) => mailbox.address)).toEqual(['Ann@example.org', 'c@example.org'])
  expect([count, refusedCount, refused.map(({ row }) => row)]).toEqual([5, 2, [12, 14]])
  for (const { errors } of refused)
    for (const { pointer } of errors) expect(pointer).toMatch(/^[^\0]{0,300}$/)
})

test('a row whose lists would be followed for too long is refused', () => {
  const nested = planOf(textsOf({ text: '{{#each list}}{{#each list}}{{x}}{{/each}}{{/each}}' }).parsed, [])
  const lot = new LotBuilder(0, nested)
  const list = (length: number) => Array.from({ length }, () => ({ x: 1 }))
  lot.take([
    rowOf({ address: 'a@example.org', variables: { list: list(50) } }),
    rowOf({ address: 'b@example.org', variables: { list: list(1_000) } }),
  ])
  expect(lot.build()).toMatchObject({
    recipients: [{ mailbox: { address: 'a@example.org' } }],
    refused: [{ row: 1, errors: [{ code: 'too_much_to_fill_in' }] }],
  })
})

test('a worker takes four at once, two of one user', () => {
  const turns = uploadTurns()
  const own = [turns.take('a'), turns.take('a')]
  expect(turns.take('a')).toBeUndefined()
  const others = [turns.take('b'), turns.take('c')]
  expect(others).not.toContain(undefined)
  expect(turns.take('d')).toBeUndefined()
  own[0]?.()
  expect(turns.take('b')).toBeDefined()
})
