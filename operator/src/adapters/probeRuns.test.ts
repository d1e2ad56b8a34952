import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../runtime/object.ts'
import { Store } from '../runtime/store.ts'
import { sender } from '../testing/snapshots.ts'
import { projectPod } from './jobRuns.ts'
import { probingOf, projectPolicy } from './probeRuns.ts'

const PROGRAM = { name: 'probe', image: 'worker:1', command: ['node', 'probe', '[]'] }
const REPORT = '{"probe":"os"}'

const owned = (kind: string, name: string, owner: string, more: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: 'mail',
    uid: `uid of ${name}`,
    labels: { 'batchsender.io/probe': 'worker' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'BatchSender', name: 'o', uid: owner, controller: true }],
  },
  ...more,
})

const pod = (container: object, message = REPORT, owner = 'uid of j') =>
  owned('Pod', 'p', owner, {
    spec: { containers: [{ name: 'mesh', image: 'mesh:1' }, container] },
    status: {
      containerStatuses: [
        { name: 'mesh', state: { terminated: { message: '{"probe":"ss"}' } } },
        { name: 'probe', state: { terminated: { message } } },
      ],
    },
  })

function storeOf(...objects: readonly KubernetesObject[]): Store {
  const store = new Store()
  store.replace(objects, '1')
  return store
}

const runWith = (one: KubernetesObject, job = 'uid-orders', more: readonly KubernetesObject[] = []) =>
  probingOf(sender(), {
    jobs: storeOf(
      owned('Job', 'j', job, {
        spec: { template: { spec: { containers: [PROGRAM] } } },
        status: {
          conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-11-23T12:00:00Z' }],
        },
      }),
    ),
    pods: storeOf(...[one, ...more].map(projectPod)),
    policies: storeOf(),
  }).runs

describe('a run of a probe', () => {
  it('is what its pod reported, whatever a mesh put beside it', () => {
    expect(runWith(pod(PROGRAM))).toEqual([
      {
        name: 'j',
        uid: 'uid of j',
        endedAt: new Date('2026-11-23T12:00:00Z'),
        fates: ['open', 'shut'],
      },
    ])
  })

  it.each([
    { why: 'another image', one: pod({ ...PROGRAM, image: 'forged:1' }) },
    { why: 'another command', one: pod({ ...PROGRAM, command: ['sh', '-c', 'true'] }) },
    { why: 'arguments behind it', one: pod({ ...PROGRAM, args: ['x'] }) },
    { why: 'another name', one: pod({ ...PROGRAM, name: 'other' }) },
    { why: 'another owner', one: pod(PROGRAM, REPORT, 'uid of k') },
    { why: 'no report', one: pod(PROGRAM, 'all is well') },
    { why: 'a report with more in it', one: pod(PROGRAM, '{"probe":"os","more":1}') },
    { why: 'a report without end', one: pod(PROGRAM, `{"probe":"${'o'.repeat(5_000)}"}`) },
  ])('believes no pod with $why', ({ one }) => {
    expect(runWith(one)[0]).not.toHaveProperty('fates')
  })

  it('is nobody’s when two pods claim to be of the Job', () => {
    const second = pod(PROGRAM)
    const another = { ...second, metadata: { ...second.metadata, name: 'q', uid: 'uid of q' } }
    expect(runWith(pod(PROGRAM), 'uid-orders', [another])[0]).not.toHaveProperty('fates')
  })

  it('is of this BatchSender alone', () => {
    expect(runWith(pod(PROGRAM), 'uid-letters')).toEqual([])
  })
})

describe('policies of others', () => {
  const policy = (name: string, spec: object, owner?: string): KubernetesObject => {
    const { metadata, ...rest } = owned('NetworkPolicy', name, owner ?? '', { spec })
    const { ownerReferences, ...bare } = metadata
    return {
      ...rest,
      metadata: owner === undefined ? bare : { ...bare, ownerReferences: ownerReferences ?? [] },
    }
  }
  const seen = (...all: readonly KubernetesObject[]) =>
    probingOf(sender(), {
      jobs: storeOf(),
      pods: storeOf(),
      policies: storeOf(...all.map(projectPolicy)),
    }).others

  it('are all of the namespace that are not its own', () => {
    const theirs = policy('theirs', { podSelector: { matchLabels: { a: 'b' } }, ingress: [{}] })
    const ours = policy('ours', { podSelector: {} }, 'uid-orders')
    const letters = policy('letters', { podSelector: {} }, 'uid-letters')
    const elsewhere = { ...theirs, metadata: { ...theirs.metadata, namespace: 'shop' } }
    expect(seen(theirs, ours, letters, elsewhere).map(({ name }) => name)).toEqual(['letters', 'theirs'])
    expect(seen(theirs)[0]?.podSelector).toEqual({ matchLabels: { a: 'b' } })
  })

  it('tell a change of their rules, and take no room for them', () => {
    const print = (spec: object) => seen(policy('theirs', spec))[0]?.print
    expect(print({ podSelector: {}, ingress: [{}] })).not.toBe(print({ podSelector: {} }))
    const rules = Array.from({ length: 1_000 }, (_, port) => ({ ports: [{ port }] }))
    expect(JSON.stringify(projectPolicy(policy('big', { ingress: rules }))).length).toBeLessThan(500)
  })
})
