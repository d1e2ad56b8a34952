import { describe, expect, it } from 'vitest'
import type { FieldSet, KubernetesObject, ManagedFieldsEntry } from './object.ts'
import { heldByOthers } from './holders.ts'

const thing = (spec: object, ...managedFields: readonly ManagedFieldsEntry[]): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', managedFields },
  spec,
})
const by = (manager: string, spec: FieldSet, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  fieldsV1: { 'f:spec': spec },
  ...more,
})
const held = (live: KubernetesObject, spec: object) => heldByOthers(live, thing(spec), 'us')

describe('fields that others hold', () => {
  it('are those that we wish for with another value', () => {
    const live = thing({ a: 1, b: 2, c: 3 }, by('them', { 'f:a': {}, 'f:b': {}, 'f:c': {} }))
    expect(held(live, { a: 9, b: 2 })).toEqual([{ manager: 'them', paths: ['.spec.a'] }])
  })

  it('are not our own, but those are that our name wrote in another way', () => {
    const own = { 'f:a': {} }
    expect(held(thing({ a: 1 }, by('us', own, { operation: 'Apply' })), { a: 9 })).toEqual([])
    expect(held(thing({ a: 1 }, by('us', own)), { a: 9 })).toEqual([{ manager: 'us', paths: ['.spec.a'] }])
    expect(
      held(thing({ a: 1 }, by('us', own, { operation: 'Apply', subresource: 'scale' })), { a: 9 }),
    ).toEqual([{ manager: 'us', paths: ['.spec.a'] }])
  })

  it('in lists are told by the keys of their items, sorted', () => {
    const live = thing(
      { ports: [{ port: 80, protocol: 'TCP', name: 'theirs' }], names: ['x'] },
      by('them', {
        'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
        'f:names': { 'v:"x"': {} },
      }),
    )
    expect(held(live, { ports: [{ port: 80, name: 'ours' }], names: ['x', 'y'] })).toEqual([
      { manager: 'them', paths: ['.spec.ports[port=80,protocol="TCP"].name'] },
    ])
    expect(held(live, { ports: [{ port: 81, name: 'ours' }] })).toEqual([])
  })

  it('of one manager are told once, whatever the entries', () => {
    const live = thing(
      { a: 1, b: 1 },
      by('them', { 'f:b': {} }),
      by('them', { 'f:a': {}, 'f:b': {} }, { operation: 'Apply' }),
    )
    expect(held(live, { a: 2, b: 2 })).toEqual([{ manager: 'them', paths: ['.spec.a', '.spec.b'] }])
  })

  it('are none where nothing is known of owners', () => {
    expect(held(thing({ a: 1 }), { a: 2 })).toEqual([])
  })
})
