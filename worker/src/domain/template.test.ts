import { expect, test } from 'vitest'
import { placeholders, renderHtml, renderText } from './template.ts'

test('variables replace their placeholders, in HTML as text', () => {
  const variables = { name: '<b>Ann & "Bo"</b>', count: 3, ok: false }
  expect(renderText('Hi {{name}}, {{ count }} {{ok}}', variables)).toBe('Hi <b>Ann & "Bo"</b>, 3 false')
  expect(renderHtml('<p>{{name}}</p>', variables)).toBe('<p>&lt;b&gt;Ann &amp; &quot;Bo&quot;&lt;/b&gt;</p>')
})

test('a value is not searched for placeholders again, nor taken for a replacement pattern', () => {
  expect(renderText('{{a}}', { a: '{{b}} $& $1', b: 'no' })).toBe('{{b}} $& $1')
})

test('names that every object has are not variables', () => {
  expect(renderText('{{constructor}}{{toString}}', {})).toBe('')
})

test('placeholders are found once each', () => {
  expect([...placeholders('{{a}} {{ b.c }} {{a}} {{}} {d}')]).toEqual(['a', 'b.c'])
})
