import { describe, expect, it } from 'vitest'
import type { FieldSet, KubernetesObject } from './object.ts'
import { standingOf, withoutStatusOwners } from './managedFields.ts'

const MANAGER = 'us'

/** A live object whose fields, as given, belong to us. */
const live = (body: object, fieldsV1: FieldSet, others: object[] = []): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: {
    name: 'a',
    uid: 'u',
    resourceVersion: '7',
    managedFields: [
      ...(others as []),
      { manager: MANAGER, operation: 'Update', fieldsV1: { 'f:noise': {} } },
      { manager: MANAGER, operation: 'Apply', subresource: 'status', fieldsV1: { 'f:status': {} } },
      { manager: MANAGER, operation: 'Apply', fieldsV1 },
    ],
  },
  ...body,
})
const wish = (body: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a' },
  ...body,
})

const port = 'k:{"containerPort":53,"protocol":"TCP"}'
const udp = 'k:{"containerPort":53,"protocol":"UDP"}'

const cases: readonly {
  readonly why: string
  readonly live: object
  readonly fields: FieldSet
  readonly wish: object
  readonly is: ReturnType<typeof standingOf>
}[] = [
  {
    why: 'a scalar is owned and equal',
    live: { a: 1 },
    fields: { 'f:a': {} },
    wish: { a: 1 },
    is: 'applied',
  },
  { why: 'a scalar differs', live: { a: 2 }, fields: { 'f:a': {} }, wish: { a: 1 }, is: 'different' },
  {
    why: 'a field that is equal but not ours has to become ours',
    live: { a: 1, b: 1 },
    fields: { 'f:a': {} },
    wish: { a: 1, b: 1 },
    is: 'different',
  },
  {
    why: 'a field of ours that is no longer wished for has to go',
    live: { a: 1, b: 1 },
    fields: { 'f:a': {}, 'f:b': {} },
    wish: { a: 1 },
    is: 'different',
  },
  {
    why: 'fields of others and defaults do not count',
    live: { a: { x: 1, defaulted: true }, theirs: 1 },
    fields: { 'f:a': { 'f:x': {} } },
    wish: { a: { x: 1 } },
    is: 'applied',
  },
  {
    why: 'an empty wish that the server keeps no record of is no difference',
    live: { a: 1 },
    fields: { 'f:a': {} },
    wish: { a: 1, labels: {}, list: [] },
    is: 'applied',
  },
  {
    why: 'what is undefined is not wished for',
    live: { a: 1 },
    fields: { 'f:a': {} },
    wish: { a: 1, b: undefined },
    is: 'applied',
  },
  {
    why: 'zero values are left out of an answer',
    live: {},
    fields: { 'f:no': {}, 'f:none': {}, 'f:empty': {}, 'f:list': {} },
    wish: { no: false, none: 0, empty: '', list: [] },
    is: 'applied',
  },
  {
    why: 'an empty list may come back as null',
    live: { rules: null },
    fields: { 'f:rules': {} },
    wish: { rules: [] },
    is: 'applied',
  },
  {
    why: 'a value that vanished is no zero value',
    live: {},
    fields: { 'f:a': {} },
    wish: { a: 1 },
    is: 'different',
  },
  {
    why: 'items of a keyed list are found by key, whatever their order',
    live: { list: [{ name: 'y', v: 2 }, { name: 'theirs' }, { name: 'x', v: 1 }] },
    fields: {
      'f:list': {
        'k:{"name":"x"}': { '.': {}, 'f:name': {}, 'f:v': {} },
        'k:{"name":"y"}': { '.': {}, 'f:name': {}, 'f:v': {} },
      },
    },
    wish: {
      list: [
        { name: 'x', v: 1 },
        { name: 'y', v: 2 },
      ],
    },
    is: 'applied',
  },
  {
    why: 'an item of ours that is no longer wished for has to go',
    live: { list: [{ name: 'x' }, { name: 'y' }] },
    fields: { 'f:list': { 'k:{"name":"x"}': { 'f:name': {} }, 'k:{"name":"y"}': { 'f:name': {} } } },
    wish: { list: [{ name: 'x' }] },
    is: 'different',
  },
  {
    why: 'an item that vanished has to come back',
    live: { list: [] },
    fields: { 'f:list': { 'k:{"name":"x"}': { 'f:name': {} } } },
    wish: { list: [{ name: 'x' }] },
    is: 'different',
  },
  {
    why: 'an item that is there but not ours has to become ours',
    live: { list: [{ name: 'x' }, { name: 'y' }] },
    fields: { 'f:list': { 'k:{"name":"x"}': { 'f:name': {} } } },
    wish: { list: [{ name: 'x' }, { name: 'y' }] },
    is: 'different',
  },
  {
    why: 'a key field may be left to its default',
    live: { ports: [{ containerPort: 53, protocol: 'TCP' }] },
    fields: { 'f:ports': { [port]: { '.': {}, 'f:containerPort': {} } } },
    wish: { ports: [{ containerPort: 53 }] },
    is: 'applied',
  },
  {
    why: 'a default is not taken for the item that says something else',
    live: {
      ports: [
        { containerPort: 53, protocol: 'TCP' },
        { containerPort: 53, protocol: 'UDP' },
      ],
    },
    fields: {
      'f:ports': {
        [udp]: { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
        [port]: { '.': {}, 'f:containerPort': {} },
      },
    },
    wish: { ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }] },
    is: 'applied',
  },
  {
    why: 'members of a set are values',
    live: { set: ['theirs', 'a'] },
    fields: { 'f:set': { 'v:"a"': {} } },
    wish: { set: ['a'] },
    is: 'applied',
  },
  {
    why: 'a member of a set is missing',
    live: { set: ['theirs'] },
    fields: { 'f:set': { 'v:"a"': {} } },
    wish: { set: ['a'] },
    is: 'different',
  },
  {
    why: 'an atomic map holds what was once wished for',
    live: { selector: { a: '1', b: '2' } },
    fields: { 'f:selector': {} },
    wish: { selector: { a: '1' } },
    is: 'exceeded',
  },
  {
    why: 'an atomic list holds a default in an item',
    live: { rules: [{ port: 1, protocol: 'TCP' }] },
    fields: { 'f:rules': {} },
    wish: { rules: [{ port: 1 }] },
    is: 'exceeded',
  },
  {
    why: 'an atomic list has another order',
    live: { args: ['b', 'a'] },
    fields: { 'f:args': {} },
    wish: { args: ['a', 'b'] },
    is: 'different',
  },
  {
    why: 'an atomic list is longer',
    live: { args: ['a', 'b'] },
    fields: { 'f:args': {} },
    wish: { args: ['a'] },
    is: 'different',
  },
  {
    why: 'a list became a map',
    live: { a: [1] },
    fields: { 'f:a': { 'v:1': {} } },
    wish: { a: { x: 1 } },
    is: 'different',
  },
]

describe('a wish and a live object', () => {
  it.each(cases)('are $is when $why', ({ live: body, fields, wish: desired, is }) => {
    expect(standingOf(live(body, fields), wish(desired), MANAGER)).toBe(is)
  })

  it('are different when we never applied it', () => {
    const foreign = live({ a: 1 }, { 'f:a': {} })
    expect(standingOf(foreign, wish({ a: 1 }), 'somebody else')).toBe('different')
    expect(standingOf({ ...foreign, metadata: { name: 'a' } }, wish({ a: 1 }), MANAGER)).toBe('different')
  })

  it('are compared without identity, which an apply sends but does not own', () => {
    const desired = {
      ...wish({ a: 1 }),
      metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1' },
    }
    expect(standingOf(live({ a: 1 }, { 'f:a': {} }), desired, MANAGER)).toBe('applied')
  })
})

describe('what is kept of a child', () => {
  it('says who owns its fields, but not who owns its status', () => {
    const owners = [
      { manager: 'us', operation: 'Apply', fieldsV1: { 'f:spec': {} } },
      {
        manager: 'hpa',
        operation: 'Update',
        subresource: 'scale',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
      { manager: 'controller', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': {} } },
    ] as const
    const raw = {
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name: 'a', managedFields: owners },
      spec: { replicas: 3 },
      status: { replicas: 2 },
    }
    expect(withoutStatusOwners(raw)).toEqual({
      ...raw,
      metadata: { name: 'a', managedFields: owners.slice(0, 2) },
    })
    expect(raw.metadata.managedFields).toHaveLength(3)
  })
})
