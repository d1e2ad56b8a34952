import { expect, test } from 'vitest'
import { nameSchemas } from './namedSchemas.ts'

const leaf = { type: 'object', title: 'Leaf', properties: { a: { type: 'string' } } }

test('what has a title is written once, wherever it stands', () => {
  const tree = {
    type: 'object',
    title: 'Tree',
    properties: { one: leaf, many: { type: 'array', items: leaf } },
  }
  const { document, schemas } = nameSchemas({ info: { title: 'An API' }, paths: { '/a': tree, '/b': leaf } })
  expect(document).toEqual({
    info: { title: 'An API' },
    paths: { '/a': { $ref: '#/components/schemas/Tree' }, '/b': { $ref: '#/components/schemas/Leaf' } },
  })
  expect(schemas).toEqual({
    Leaf: leaf,
    Tree: {
      type: 'object',
      title: 'Tree',
      properties: {
        one: { $ref: '#/components/schemas/Leaf' },
        many: { type: 'array', items: { $ref: '#/components/schemas/Leaf' } },
      },
    },
  })
})

test('two that differ cannot have one title', () => {
  expect(() => nameSchemas([leaf, { ...leaf, properties: {} }])).toThrow('Leaf')
})
