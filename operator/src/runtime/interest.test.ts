import { describe, expect, it } from 'vitest'
import type { KubernetesObject, OwnerReference } from './object.ts'
import { concernedBy, controllerKeys, primariesOf } from './interest.ts'

const OWNER = { apiVersion: 'test.example/v1', kind: 'Widget', plural: 'widgets', namespaced: true }
const toKeys = controllerKeys(OWNER)

const object = (metadata: object = {}, more: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'n', uid: 'u', generation: 1, ...metadata },
  ...more,
})
const ownedBy = (...references: readonly Partial<OwnerReference>[]) =>
  object({
    ownerReferences: references.map((reference) => ({
      apiVersion: 'test.example/v1beta1',
      kind: 'Widget',
      name: 'w',
      uid: 'w-uid',
      controller: true,
      ...reference,
    })),
  })

describe('a change of a primary', () => {
  const before = object()
  it.each([
    ['its generation', object({ generation: 2 })],
    ['a label', object({ labels: { a: '1' } })],
    ['an annotation', object({ annotations: { a: '1' } })],
    ['a finalizer', object({ finalizers: ['f'] })],
    ['its deletion', object({ deletionTimestamp: '2026-11-23T00:00:00Z' })],
  ])('concerns it when it is %s', (_what, after) => {
    expect(primariesOf({ type: 'updated', object: after, before })).toEqual(['n/a'])
  })

  it('does not concern it when only its status or its managed fields moved', () => {
    const after = object({ resourceVersion: '2', managedFields: [] }, { status: { phase: 'Up' } })
    expect(primariesOf({ type: 'updated', object: after, before })).toEqual([])
  })

  it('concerns it when it came or went', () => {
    expect(primariesOf({ type: 'added', object: before })).toEqual(['n/a'])
    expect(primariesOf({ type: 'deleted', object: before })).toEqual(['n/a'])
  })
})

describe('a change of a child', () => {
  it('leads to its controller, whichever version its reference is written in', () => {
    expect(toKeys(ownedBy({}))).toEqual(['n/w'])
  })

  it.each([
    ['is of another group', { apiVersion: 'other.example/v1' }],
    ['is of another kind', { kind: 'Gadget' }],
    ['does not control it', { controller: false }],
  ])('leads nowhere when its owner %s', (_why, reference) => {
    expect(toKeys(ownedBy(reference))).toEqual([])
  })

  it('concerns the owner that was edited away, and the new one', () => {
    const change = { type: 'updated', before: ownedBy({}), object: ownedBy({ name: 'other' }) } as const
    expect(concernedBy(change, toKeys)).toEqual(['n/w', 'n/other'])
    expect(concernedBy({ ...change, object: object() }, toKeys)).toEqual(['n/w'])
  })
})
