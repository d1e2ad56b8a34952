import { describe, expect, it } from 'vitest'
import type { Place } from '../vocabulary/places.ts'
import type { Sender, Share } from '../components/snapshot.ts'
import { sender } from '../testing/snapshots.ts'
import { Sharing } from './sharing.ts'

/** Everybody keeps things where `places` says; nothing is read from a spec. */
function rig(places: Readonly<Record<string, string>>, keys = Object.keys(places)) {
  const there = new Set(keys)
  const enqueued: string[] = []
  const placesOf = ({ namespace, name }: Sender): readonly Place[] => {
    const at = places[`${namespace}/${name}`]
    return at === undefined ? [] : [{ what: 'postgres', at }]
  }
  const options = { clusterDomain: 'cluster.local', placesOf, keys: () => there }
  const sharing = new Sharing({ ...options, enqueue: (key) => enqueued.push(key) })
  const look = (key: string, told: readonly Share[] = []) => {
    const [namespace = '', name = ''] = key.split('/')
    const shared = told.map(({ what, with: who }) => ({ what, with: [who] }))
    return sharing.of(sender({ namespace, name, status: { evidence: { shared } } }), new Map())
  }
  return { sharing, look, enqueued, there }
}

const withOther = (who: string): Share => ({ what: 'postgres', with: who })

describe('what is shared', () => {
  it('is told at the second, and the first is asked to look again', () => {
    const { look, enqueued } = rig({ 'a/one': 'x', 'a/two': 'x', 'b/three': 'x' })
    expect(look('a/one')).toEqual([])
    expect(look('a/two')).toEqual([withOther('a/one')])
    expect(enqueued).toContain('a/one')
    expect(look('b/three')).toEqual([withOther('a BatchSender of another namespace')])
    expect(look('a/one')).toEqual([withOther('a BatchSender of another namespace'), withOther('a/two')])
  })

  it('is silent where nothing is, and asks nobody to look', () => {
    const { look, enqueued } = rig({ 'a/one': 'x', 'a/two': 'y' })
    expect([look('a/one'), look('a/two')]).toEqual([[], []])
    enqueued.length = 0
    expect([look('a/one'), look('a/two')]).toEqual([[], []])
    expect(enqueued).toEqual([])
  })

  it('stands after a start until everybody was looked at, and is looked at once more then', () => {
    const { look, enqueued } = rig({ 'a/one': 'x', 'a/two': 'other' })
    expect(look('a/one', [withOther('a/two')])).toEqual([withOther('a/two')])
    look('a/two')
    expect(enqueued).toEqual(['a/one'])
    expect(look('a/one', [withOther('a/two')])).toEqual([])
  })

  it('ends with one of them', () => {
    const { sharing, look, enqueued, there } = rig({ 'a/one': 'x', 'a/two': 'x' })
    look('a/one')
    look('a/two')
    enqueued.length = 0
    there.delete('a/two')
    sharing.forget('a/two')
    expect(enqueued).toEqual(['a/one'])
    expect(look('a/one', [withOther('a/two')])).toEqual([])
  })

  it('shows nothing of an address, and another thing in another process', () => {
    const [one, two] = [rig({}).sharing, rig({}).sharing]
    const url = 'postgres://u:canary@db/x'
    expect(one.databases(url, 'a')).toEqual(one.databases('postgres://v@db:5432/x', 'a'))
    expect(one.databases(url, 'a')).not.toEqual(two.databases(url, 'a'))
    expect(one.databases(url, 'a').join()).not.toMatch(/canary|postgres|@/)
  })
})
