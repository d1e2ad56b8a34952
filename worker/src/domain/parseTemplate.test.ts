import { expect, test } from 'vitest'
import { renderHtml, renderText } from './renderTemplate.ts'
import { formerTemplate, parseTemplate } from './parseTemplate.ts'
import type { Variables } from './variables.ts'

function templateOf(source: string) {
  const parsed = parseTemplate(source)
  if (!parsed.ok) throw new Error(parsed.fault.detail)
  return parsed.template
}
const text = (source: string, variables: Variables) => renderText(templateOf(source), variables)
const html = (source: string, variables: Variables) => renderHtml(templateOf(source), variables)

test('variables replace their placeholders, in HTML as text', () => {
  const variables = { name: '<b>Ann & "Bo"</b>', count: 3, ok: false }
  expect(text('Hi {{name}}, {{ count }} {{ok}}', variables)).toBe('Hi <b>Ann & "Bo"</b>, 3 false')
  expect(html('<p>{{name}}</p>', variables)).toBe('<p>&lt;b&gt;Ann &amp; &quot;Bo&quot;&lt;/b&gt;</p>')
})

test('a value is not searched for placeholders again, nor taken for a replacement pattern', () => {
  expect(text('{{a}}', { a: '{{b}} $& $1', b: 'no' })).toBe('{{b}} $& $1')
})

test('names that every object has are not variables', () => {
  expect(text('{{constructor}}{{toString}}{{#if constructor}}x{{/if}}', {})).toBe('')
})

test.each([
  ['a name in another script', '{{prénom}} {{名前}}', { prénom: 'Zoë', 名前: 'Aki' }, 'Zoë Aki'],
  ['a name with a blank', 'Hi {{[first name]}}', { 'first name': 'Ann' }, 'Hi Ann'],
  ['a name with a dot', '{{a.b}}', { 'a.b': 1 }, '1'],
  ['something instead of nothing', '{{#if name}}{{name}}{{else}}there{{/if}}', { name: '' }, 'there'],
  ['nothing instead of something', '{{#unless name}}there{{/unless}}{{name}}', { name: 'Ann' }, 'Ann'],
  ['a condition', '{{#if vip}}thank you, {{name}}{{/if}}', { vip: true, name: 'Ann' }, 'thank you, Ann'],
  ['several conditions', '{{#if a}}1{{else if b}}2{{else}}3{{/if}}', { a: 0, b: 'x' }, '2'],
  ['a list', '{{#each items}}- {{this}}\n{{/each}}', { items: ['tea', 2] }, '- tea\n- 2\n'],
  [
    'a list of objects, whose values come first',
    '{{#each items}}{{n}} {{of}} {{/each}}',
    { of: 'each', items: [{ n: 1 }, { n: 2, of: 'own' }] },
    '1 each 2 own ',
  ],
  ['no list', '{{#each items}}x{{else}}none{{/each}}', { items: [] }, 'none'],
  ['a list as a condition', '{{#if items}}some{{/if}}', { items: ['a'] }, 'some'],
  ['literal braces', '\\{{name}} {{name}}', { name: 'Ann' }, '{{name}} Ann'],
  ['a single brace', 'a { b } {c} }}', {}, 'a { b } {c} }}'],
  ['a remark', 'a{{!-- nobody reads this --}}b', {}, 'ab'],
])('%s', (_, source, variables: Variables, rendered) => {
  expect(text(source, variables)).toBe(rendered)
})

test.each([
  ['a default in another language', 'Hi {{name|there}}', 'unparsable_placeholder'],
  ['a quoted default', 'Hi {{name, "there"}}', 'unparsable_placeholder'],
  ['a filter', '{{ name | upcase }}', 'unparsable_placeholder'],
  ['nothing', 'a {{}}', 'unparsable_placeholder'],
  ['no end', 'Hi {{name', 'unparsable_placeholder'],
  ['a block without an end', '{{#if a}}x', 'unparsable_placeholder'],
  ['an end without a block', 'x{{/a}}', 'unparsable_placeholder'],
  ['another end', '{{#if a}}x{{/each}}', 'unparsable_placeholder'],
  ['an else without a block', '{{else}}', 'unparsable_placeholder'],
  ['a section of Mustache', '{{#vip}}x{{/vip}}', 'unsupported_placeholder'],
  ['its opposite', '{{^vip}}x{{/vip}}', 'unsupported_placeholder'],
  ['two words', '{{first name}}', 'unsupported_placeholder'],
  ['a helper', '{{upcase name}}', 'unsupported_placeholder'],
  ['a helper with names', '{{link url=name}}', 'unsupported_placeholder'],
  ['a helper in a block', '{{#if (eq a b)}}x{{/if}}', 'unsupported_placeholder'],
  ['a condition of two', '{{#if a b}}x{{/if}}', 'unsupported_placeholder'],
  ['names of items', '{{#each l as |i|}}{{i}}{{/each}}', 'unsupported_placeholder'],
  ['data', '{{#each l}}{{@index}}{{/each}}', 'unsupported_placeholder'],
  ['the outer scope', '{{#each l}}{{../a}}{{/each}}', 'unsupported_placeholder'],
  ['a literal', '{{"x"}}', 'unsupported_placeholder'],
  ['a decorator', '{{* x}}', 'unsupported_placeholder'],
  ['a raw block', '{{{{raw}}}}x{{{{/raw}}}}', 'unsupported_placeholder'],
  ['a value that would be markup', 'a {{{raw}}}', 'unescaped_placeholder'],
  ['the same in short', '{{& raw}}', 'unescaped_placeholder'],
  ['another template', '{{> footer}}', 'unsupported_placeholder'],
  ['a name that is too long', `{{${'n'.repeat(65)}}}`, 'unparsable_placeholder'],
  ['blocks without end', '{{#if a}}'.repeat(9) + '{{/if}}'.repeat(9), 'nested_too_deep'],
  ['else ifs without end', `{{#if a}}${'{{else if b}}'.repeat(9)}{{/if}}`, 'nested_too_deep'],
  ['more than anybody fills in', '{{a}}'.repeat(2_001), 'too_many_placeholders'],
  ['a great many of them', '{{#if a}}'.repeat(50_000) + '{{/if}}'.repeat(50_000), 'nested_too_deep'],
])('%s is refused', (_, source, code) => {
  expect(parseTemplate(source)).toMatchObject({ ok: false, fault: { code } })
})

test('blocks beside each other are no depth', () => {
  const source = '{{#if a}}{{#each l}}{{this}}{{/each}}{{else}}{{a}}{{/if}}'.repeat(200)
  expect(parseTemplate(source).ok).toBe(true)
})

test.each([
  ['a\nb {{}}', 'line 2, column 5'],
  ['a\nb {{{raw}}}', 'line 2, column 3'],
  ['a\n{{#if a}}x{{/each}}', 'line 2, column 4'],
  ['a\n{{!-- no end', 'line 2'],
])('%j is told with its place', (source, place) => {
  const parsed = parseTemplate(source)
  expect(parsed.ok ? '' : parsed.fault.detail).toContain(place)
})

test('a text of a batch that was accepted before texts were parsed goes as it would have gone', () => {
  expect(renderText(formerTemplate('{{name|there}} {{ name }}{{gone}}.'), { name: 'Ann' })).toBe(
    '{{name|there}} Ann.',
  )
})
