import { describe, expect, it } from 'vitest'
import type { OtherPolicy } from './seen.ts'
import { enforced } from '../../testing/probing.ts'
import { sender, SPEC } from '../../testing/snapshots.ts'
import { cellsPart, subjectOf, untried } from './probeSubject.ts'

const of = (more: object) => subjectOf(enforced({ sender: sender({ spec: { ...SPEC, ...more } }) }))
const clients = (team: string) => [{ namespaceSelector: { matchLabels: { team } } }]

describe('what a round is about', () => {
  it('is another when a policy of ours is, though the same connections are tried', () => {
    const [one, other] = ['a', 'b'].map((team) => of({ network: { clients: clients(team) } }))
    expect(cellsPart(one ?? '')).not.toBe(cellsPart(other ?? ''))
  })

  it('is another when other connections are tried, though the policies are the same', () => {
    expect(cellsPart(of({ worker: { ...SPEC.worker, replicas: 0 } }))).not.toBe(cellsPart(of({})))
  })

  it('is another in its second part alone when a policy of somebody else selects the pods', () => {
    const others = [{ name: 'hole', podSelector: {}, print: '1' }]
    const [before, after] = [of({}), subjectOf(enforced({ probing: { runs: [], others } }))]
    expect(after).not.toBe(before)
    expect(cellsPart(after)).toBe(cellsPart(before))
  })
})

describe('policies of others that select what cannot be tried', () => {
  const hidden = (podSelector: OtherPolicy['podSelector']) =>
    untried(enforced({ probing: { runs: [], others: [{ name: 'sly', podSelector, print: '1' }] } }))

  it.each([
    'apps.kubernetes.io/pod-index',
    'batch.kubernetes.io/controller-uid',
    'batch.kubernetes.io/job-name',
    'controller-revision-hash',
    'controller-uid',
    'job-name',
    'pod-template-hash',
    'statefulset.kubernetes.io/pod-name',
  ])('are those that ask for %s', (key) => {
    expect(hidden({ matchLabels: { [key]: 'x' } })).toEqual(['sly'])
  })

  it('are none that select the pods that try, too', () => {
    expect(hidden({ matchExpressions: [{ key: 'pod-template-hash', operator: 'DoesNotExist' }] })).toEqual([])
    expect(hidden({})).toEqual([])
  })
})
