import { expect, test } from 'vitest'
import { parseBatchRequest } from './batchRequest.ts'

const good = { from: 'Shop <shop@example.org>', subject: 'Hello {{name}}', text: 'Hi {{name}}' }
const ann = { address: 'ann@example.org', variables: { name: 'Ann' } }
const options = { provided: [], skipsInvalid: false }

function faults(body: unknown, skipsInvalid = false): string[] {
  const parsed = parseBatchRequest(body, { provided: ['unsubscribeUrl'], skipsInvalid })
  return 'errors' in parsed ? parsed.errors.map(({ pointer, code }) => `${pointer} ${code}`) : []
}

test('a batch is taken as it is', () => {
  const parsed = parseBatchRequest(
    {
      ...good,
      replyTo: 'help@example.org',
      headers: { Precedence: 'bulk' },
      name: 'August',
      tags: ['news'],
      recipients: [{ ...ann, headers: { 'X-Order': '7' } }],
    },
    options,
  )
  expect(parsed).toMatchObject({
    dryRun: false,
    refused: [],
    batch: {
      replyTo: 'help@example.org',
      headers: { Precedence: 'bulk' },
      name: 'August',
      tags: ['news'],
      duplicates: 0,
      recipients: [{ mailbox: { address: 'ann@example.org' }, headers: { 'X-Order': '7' } }],
    },
  })
})

test('everything that is wrong is told at once', () => {
  expect(faults({})).toEqual([
    '/from required',
    '/subject required',
    '/recipients required',
    '/text required',
  ])
  expect(
    faults({ ...good, from: 'nobody', text: '{{name', more: 1, recipients: [{ ...ann, address: 'x' }, {}] }),
  ).toEqual([
    '/more unknown_field',
    '/from malformed_address',
    '/text unparsable_placeholder',
    '/recipients/0/address malformed_address',
    '/recipients/1/address required',
  ])
})

test.each([
  ['a value that is missing', { text: '{{nmae}}' }, ['/recipients/0/variables/nmae missing_variable']],
  ['a block that nobody has', { text: '{{#if vpi}}x{{/if}}' }, ['/text unknown_placeholder']],
  ['a list where a value is asked for', { text: '{{list}}' }, ['/recipients/0/variables/list list_as_text']],
  [
    'a value where a list is asked for',
    { text: '{{#each name}}x{{/each}}' },
    ['/recipients/0/variables/name value_as_list'],
  ],
  ['a placeholder in the sender', { from: '{{shop}} <s@example.org>' }, ['/from placeholder_not_supported']],
  [
    'a placeholder in a header',
    { headers: { 'X-A': '{{name}}' } },
    ['/headers/X-A placeholder_not_supported'],
  ],
  ['a reserved header', { headers: { Bcc: 'eve@example.org' } }, ['/headers/Bcc reserved_header']],
  ['an empty subject', { subject: '{{empty}}' }, ['/recipients/0/variables subject_empty']],
  ['a subject of more than a line', { subject: 'S {{long}}' }, ['/recipients/0/variables subject_too_long']],
  ['a subject of two lines', { subject: 'S {{lines}}' }, ['/recipients/0/variables/lines line_break']],
  ['values that would fill the memory', { text: '{{huge}}' }, ['/recipients/0/variables values_too_large']],
  ['a variable of ours', { text: '{{unsubscribeUrl}}' }, []],
])('%s', (_, more, expected) => {
  const variables = {
    name: 'Ann',
    list: ['a'],
    empty: '',
    long: 'x'.repeat(987),
    lines: 'a\nb',
    huge: 'x'.repeat(262_145),
  }
  expect(faults({ ...good, ...more, recipients: [{ ...ann, variables }] })).toEqual(expected)
})

test('whose value breaks the subject is found without filling it in again and again', () => {
  const many = Array.from({ length: 98 }, (_, n) => [`v${n}`, 'x\n'] as const)
  const variables = { ...Object.fromEntries(many), name: 'Ann', l: Array.from({ length: 1_000 }, () => 1) }
  const subject = '{{v1}}{{#each l}}{{#each l}}{{#if v2}}{{/if}}{{/each}}{{/each}}'
  expect(faults({ ...good, subject, recipients: [{ ...ann, variables }] })).toEqual([
    '/recipients/0/variables/v1 line_break',
  ])
})

test('so is the list whose item breaks it', () => {
  const variables = { name: 'Ann', quiet: 'a\nb', l: [{ x: 'a' }, { x: 'b\r' }] }
  const subject = '{{name}}{{#each l}}{{x}}{{/each}}'
  expect(faults({ ...good, subject, recipients: [{ ...ann, variables }] })).toEqual([
    '/recipients/0/variables/l line_break',
  ])
})

test.each([
  ['null', null, '/recipients/0/variables/v type'],
  ['an object', { a: 1 }, '/recipients/0/variables/v type'],
  ['a number that was rounded', 2 ** 53, '/recipients/0/variables/v unsafe_integer'],
  ['a number that is too large for one', Infinity, '/recipients/0/variables/v unsafe_integer'],
  ['the same in a list', [{ n: 2 ** 53 }], '/recipients/0/variables/v/0/n unsafe_integer'],
  ['a list of lists', [['a']], '/recipients/0/variables/v/0 type'],
  ['a character that cannot be stored', 'a\0', '/recipients/0/variables/v invalid_character'],
])('as a value %s has one fault', (_, v, fault) => {
  expect(faults({ ...good, recipients: [{ ...ann, variables: { name: 'Ann', v } }] })).toEqual([fault])
})

test('recipients at fault are left out when that is asked for, and told', () => {
  const recipients = [{ address: 'x' }, ann, { address: 'bob@example.org' }, { ...ann, more: 1 }]
  const parsed = parseBatchRequest({ ...good, recipients }, { ...options, skipsInvalid: true })
  expect(parsed).toMatchObject({
    batch: { recipients: [{ mailbox: { address: 'ann@example.org' } }], duplicates: 0 },
    refused: [
      { index: 0, errors: [{ code: 'malformed_address' }, { code: 'missing_variable' }] },
      { index: 2, errors: [{ code: 'missing_variable' }] },
      { index: 3, errors: [{ code: 'unknown_field' }] },
    ],
  })
  expect(faults({ ...good, recipients: [{ address: 'x' }] }, true)).not.toEqual([])
  expect(faults({ ...good, from: 'x', recipients: [ann] }, true)).not.toEqual([])
})

test('blanks around an address are dropped', () => {
  const parsed = parseBatchRequest(
    { ...good, recipients: [{ ...ann, address: ' ann@example.org\n' }] },
    options,
  )
  expect(parsed).toMatchObject({ batch: { recipients: [{ mailbox: { address: 'ann@example.org' } }] } })
})

test('lists in lists of many recipients are refused instead of being followed', () => {
  const l = Array.from({ length: 1_000 }, () => 'x')
  const text = '{{#each l}}{{#each l}}{{#each l}}a{{/each}}{{/each}}{{/each}}'
  expect(faults({ ...good, subject: 's', text, recipients: [{ ...ann, variables: { l } }] })).toContain(
    '/recipients too_much_to_fill_in',
  )
})
