import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from './object.ts'
import { Store } from './store.ts'

interface Traits {
  readonly uid?: string
  readonly owner?: string
  readonly text?: string
}

const object = (
  version: number,
  { uid = 'u1', owner, text = '' }: Traits = {},
  name = 'a',
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: {
    name,
    namespace: 'n',
    uid,
    resourceVersion: String(version),
    ...(owner !== undefined && {
      ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'o', uid: owner, controller: true }],
    }),
  },
  text,
})
const told = (changes: ReturnType<Store['observe']>) =>
  changes.map(
    ({ type, object: { metadata } }) => `${type} ${metadata.uid ?? ''}@${metadata.resourceVersion ?? ''}`,
  )

describe('a store', () => {
  it('tells what came, what changed and what went', () => {
    const store = new Store()
    expect(told(store.observe(object(9)))).toEqual(['added u1@9'])
    const [change] = store.observe(object(10))
    expect(change).toMatchObject({ type: 'updated', before: { metadata: { resourceVersion: '9' } } })
    expect(told(store.remove(object(11)))).toEqual(['deleted u1@10'])
    expect(store.get('n/a')).toBeUndefined()
  })

  it('is not impressed by what comes twice or late', () => {
    const store = new Store()
    store.observe(object(10, { text: 'new' }))
    expect(store.observe(object(10, { text: 'new' }))).toEqual([])
    expect(store.observe(object(9, { text: 'old' }))).toEqual([])
    expect(store.remove(object(8))).toEqual([])
    expect(store.get('n/a')?.['text']).toBe('new')
  })

  it('compares versions as numbers of any length', () => {
    const store = new Store()
    store.observe(object(99_999))
    expect(told(store.observe(object(100_000)))).toEqual(['updated u1@100000'])
  })

  it('tells a deletion and an addition when a name has a new object', () => {
    const store = new Store()
    store.observe(object(9))
    expect(told(store.observe(object(12, { uid: 'u2' })))).toEqual(['deleted u1@9', 'added u2@12'])
    expect(store.remove(object(11))).toEqual([])
    expect(store.get('n/a')?.metadata.uid).toBe('u2')
  })

  it('reads its own writes, and is silent about their echo', () => {
    const store = new Store()
    store.observe(object(9))
    store.overlay(object(11, { text: 'ours' }))
    expect(store.get('n/a')?.['text']).toBe('ours')
    expect(store.observe(object(10, { text: 'before ours' }))).toEqual([])
    expect(store.observe(object(11, { text: 'ours' }))).toEqual([])
    expect(store.get('n/a')?.['text']).toBe('ours')
    expect(told(store.observe(object(12)))).toEqual(['updated u1@12'])
  })

  it('does not lay an answer over what is newer', () => {
    const store = new Store()
    store.observe(object(12, { text: 'newer' }))
    store.overlay(object(11, { text: 'ours' }))
    store.overlay(object(11, { uid: 'u0', text: 'of a predecessor' }))
    expect(store.get('n/a')?.['text']).toBe('newer')
  })

  it('does not bring an object back when the answer to a write comes after its deletion', () => {
    const store = new Store()
    store.observe(object(9))
    store.remove(object(12))
    store.overlay(object(11))
    expect(store.get('n/a')).toBeUndefined()
    store.overlay(object(13, { uid: 'u2' }))
    expect(store.get('n/a')?.metadata.uid).toBe('u2')
  })

  it('does not bring an object back for an event that comes after its deletion', () => {
    const store = new Store()
    store.observe(object(9))
    store.remove(object(12))
    expect(store.observe(object(11))).toEqual([])
    expect(told(store.observe(object(13)))).toEqual(['added u1@13'])
    // The deletion comes once more: it must not forget how late it was.
    store.remove(object(20))
    store.remove(object(12))
    expect(store.observe(object(19))).toEqual([])
  })

  it('does not add what a complete list that is newer does not have', () => {
    const store = new Store()
    store.replace([], '20')
    store.overlay(object(15))
    expect(store.observe(object(16))).toEqual([])
    expect(store.size).toBe(0)
    expect(told(store.observe(object(21)))).toEqual(['added u1@21'])
  })

  it('forgets deletions that a restored server knows nothing of', () => {
    const store = new Store()
    store.observe(object(90))
    store.remove(object(100))
    store.replace([], '60')
    expect(told(store.observe(object(61)))).toEqual(['added u1@61'])
  })

  it('keeps an object that left its selection and was brought back by us', () => {
    const store = new Store()
    store.observe(object(9))
    store.overlay(object(12))
    expect(store.remove(object(11))).toEqual([])
    expect(store.get('n/a')?.metadata.resourceVersion).toBe('12')
  })

  it('tells the differences to a new list, and no more', () => {
    const store = new Store()
    for (const name of ['same', 'changed', 'gone']) store.observe(object(9, { uid: name }, name))
    const changes = store.replace(
      [
        object(9, { uid: 'same' }, 'same'),
        object(10, { uid: 'changed' }, 'changed'),
        object(11, { uid: 'new' }, 'new'),
      ],
      '12',
    )
    expect(told(changes)).toEqual(['deleted gone@9', 'updated changed@10', 'added new@11'])
  })

  it('keeps what was written after a list was made', () => {
    const store = new Store()
    store.overlay(object(15))
    expect(store.replace([], '12')).toEqual([])
    expect(told(store.replace([], '16'))).toEqual(['deleted u1@15'])
  })

  it('believes a list that goes back in time: the server may have been restored', () => {
    const store = new Store()
    store.observe(object(100, { text: 'lost' }))
    store.replace([object(50, { text: 'restored' })], '60')
    expect(store.get('n/a')?.['text']).toBe('restored')
    expect(told(store.observe(object(61)))).toEqual(['updated u1@61'])
  })

  it('finds objects by the uid of their controller, and follows them to another', () => {
    const store = new Store()
    const names = (uid: string) => store.controlledBy(uid).map(({ metadata }) => metadata.name)
    store.observe(object(9, { owner: 'o1' }))
    store.observe(object(9, { uid: 'u2', owner: 'o1' }, 'b'))
    expect(names('o1')).toEqual(['a', 'b'])
    store.observe(object(10, { owner: 'o2' }))
    store.remove(object(10, { uid: 'u2' }, 'b'))
    expect([names('o1'), names('o2')]).toEqual([[], ['a']])
  })

  it('projects an object once, though it is told of it by its own write, by the echo and by a list', () => {
    let projected = 0
    const store = new Store((raw) => {
      projected += 1
      return raw
    })
    store.overlay(object(11))
    expect(store.observe(object(11))).toEqual([])
    const kept = store.keep(object(11))
    expect(store.replace(kept ? [kept] : [], '12')).toEqual([])
    expect(projected).toBe(1)
  })

  it('keeps a projection only, and drops what has none', () => {
    const store = new Store((raw) => (raw['text'] === 'drop' ? undefined : { ...raw, text: 'projected' }))
    store.observe(object(9, { text: 'long' }))
    expect(store.get('n/a')?.['text']).toBe('projected')
    expect(told(store.observe(object(10, { text: 'drop' })))).toEqual(['deleted u1@9'])
    expect(store.size).toBe(0)
  })
})
