import Type from 'typebox'
import { expect, test } from 'vitest'
import { faultsOf } from './validation.ts'

const Schema = Type.Object(
  {
    name: Type.String({ minLength: 2 }),
    kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
    items: Type.Array(Type.Object({ n: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }), {
      minItems: 1,
      maxItems: 4,
    }),
  },
  { additionalProperties: false, maxProperties: 3 },
)
const told = (value: unknown, limit?: number) =>
  faultsOf(Schema, value, limit).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)

test('what fits has no fault', () => {
  expect(told({ name: 'ab', items: [{ n: 1 }] })).toEqual([])
})

test('every fault is told at once, one for each place', () => {
  expect(told({ name: 'a', kind: 'c', items: [{ n: 0 }, { n: 1 }, { m: 1 }], more: 1 })).toEqual([
    '/name minLength',
    '/kind anyOf',
    '/items/0/n minimum',
    '/items/2 required',
    '/items/2 additionalProperties',
    ' additionalProperties',
  ])
  expect(told({})).toEqual([' required', ' required'])
  expect(told([])).toEqual([' type'])
  expect(told({ name: 'ab', items: [] })).toEqual(['/items minItems'])
})

test('as many as are told are looked for, however long the body', () => {
  const items = Array.from({ length: 100_000 }, () => ({ m: 1 }))
  expect(told({ name: 1, items }, 3)).toHaveLength(3)
  const unknown = Object.fromEntries(items.map((_, index) => [`k${index}`, 1]))
  expect(told({ ...unknown, name: 'ab', items: [{ n: 1 }] }, 3)).toHaveLength(3)
})

test('what is refused is never without a fault', () => {
  const Few = Type.Object({ a: Type.Optional(Type.Integer()) }, { maxProperties: 1 })
  expect(faultsOf(Few, { a: 1, b: 2 }).map(({ keyword }) => keyword)).toEqual(['maxProperties'])
})
