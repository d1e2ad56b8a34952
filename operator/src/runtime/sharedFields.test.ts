import { expect, test } from 'vitest'
import type { KubernetesObject } from './object.ts'
import { SharedFields } from './sharedFields.ts'

const deployment = (name: string, spec: object = { 'f:replicas': {} }): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name,
    managedFields: [
      {
        manager: 'operator',
        operation: 'Apply',
        fieldsV1: {
          'f:metadata': {
            'f:labels': { 'f:app': {} },
            'f:ownerReferences': { [`k:{"uid":"${name}"}`]: {} },
          },
          'f:spec': { ...spec },
        },
      },
      { manager: 'somebody', operation: 'Update' },
    ],
  },
  spec: { replicas: 2 },
})

const fieldsOf = (object: KubernetesObject) => object.metadata.managedFields?.[0]?.fieldsV1 ?? {}

test('an object says what it said before', () => {
  const shared = new SharedFields()
  for (const name of ['a', 'b', 'a']) expect(shared.share(deployment(name))).toStrictEqual(deployment(name))
  expect(shared.share(deployment('c', { 'f:paused': {} }))).toStrictEqual(deployment('c', { 'f:paused': {} }))
  const bare = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'd' } }
  expect(shared.share(bare)).toBe(bare)
})

test('objects that were made alike hold the same owned fields', () => {
  const shared = new SharedFields()
  const [one = {}, other = {}] = ['a', 'b'].map((name) => fieldsOf(shared.share(deployment(name))))
  expect(other['f:spec']).toBe(one['f:spec'])
  const [ones, others] = [one['f:metadata'] ?? {}, other['f:metadata'] ?? {}]
  expect(others['f:labels']).toBe(ones['f:labels'])
  expect(others['f:ownerReferences']).not.toEqual(ones['f:ownerReferences'])
})

test('what is too large to be found twice is not remembered', () => {
  const shared = new SharedFields()
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f:key-${index}`, {}]))
  const [one, other] = ['a', 'b'].map((name) => fieldsOf(shared.share(deployment(name, many))))
  expect(other?.['f:spec']).not.toBe(one?.['f:spec'])
})
