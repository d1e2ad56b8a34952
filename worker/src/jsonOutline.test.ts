import { expect, test } from 'vitest'
import { jsonOutline } from './jsonOutline.ts'

const outline = (text: string, maxCostBytes = 1e9) =>
  jsonOutline(Buffer.from(text), { maxDepth: 4, maxCostBytes })

test.each(['[[[[[', '{"a":{"a":{"a":{"a":{"a":1}}}}}', '[{"a":[{"b":[]}]}]'])('%s is too deep', (text) => {
  expect(outline(text)).toEqual({ ok: false, why: 'too_deep' })
})

test.each([
  '[[[[]]]]',
  '[[],[],[],[],[],[]]',
  String.raw`{"a":"[[[[[[\"[[[[[["}`,
  String.raw`{"a":"\\","b":[["[[[["]]}`,
  '"[[[[[[[[[[',
  '',
])('%s is not', (text) => {
  expect(outline(text)).toMatchObject({ ok: true })
})

test.each([
  ['empty objects', `[${'{},'.repeat(300_000)}{}]`, 17_000_000],
  ['empty lists', `[${'[],'.repeat(300_000)}[]]`, 12_000_000],
  ['numbers', `[${'1,'.repeat(300_000)}1]`, 2_400_000],
  [
    'members of many names',
    `{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":1`).join()}}`,
    6_000_000,
  ],
])('%s cost what V8 makes of them, at least', (_, text, madeBytes) => {
  const told = outline(text)
  expect(told.ok && told.costBytes).toBeGreaterThan(madeBytes)
  expect(outline(text, madeBytes)).toEqual({ ok: false, why: 'too_large' })
})

test('texts cost twice as much where a character needs two bytes', () => {
  const [narrow, wide] = [outline(`"${'x'.repeat(2_000)}"`), outline(`"${'ж'.repeat(1_000)}"`)]
  expect(narrow.ok && wide.ok && wide.costBytes - narrow.costBytes).toBeGreaterThan(3_000)
})
