import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../../operator/src/runtime/object.ts'
import { faultsOf, isReady } from './checker.ts'
import { benchOf, CHILD_KINDS, childrenOf } from './fixture.ts'

const bench = (status: object = { ready: true, observedGeneration: 3 }): KubernetesObject => {
  const { metadata, ...rest } = benchOf('bench', 'one')
  return { ...rest, metadata: { ...metadata, uid: 'u1', generation: 3 }, status }
}

/** As the server would keep them, with a default of its own. */
const world = () =>
  new Map<string, KubernetesObject>(
    childrenOf(bench()).map((child) => [
      `${child.kind}/${child.metadata.name}`,
      { ...child, metadata: { ...child.metadata, uid: 'c1' }, status: {} },
    ]),
  )

const faults = (children: ReadonlyMap<string, KubernetesObject>, primary = bench()) =>
  faultsOf([primary], (kind, name) => children.get(`${kind}/${name}`))

describe('the checker', () => {
  it('finds nothing where all the work is done', () => {
    expect(faults(world())).toEqual([])
  })

  it('misses a child of each kind', () => {
    for (const { kind } of CHILD_KINDS) {
      const children = world()
      children.delete(`${kind}/one`)
      expect(faults(children)).toEqual([`${kind} one is missing`])
    }
  })

  it.each([
    { why: 'other data', change: { data: { config: 'edited' } } },
    { why: 'a section besides', change: { binaryData: { extra: 'eA==' } } },
    { why: 'no label', change: { metadata: { name: 'one', namespace: 'bench' } } },
  ])('does not take $why for what is desired', ({ change }) => {
    const children = world()
    const live = children.get('ConfigMap/one')
    children.set('ConfigMap/one', { ...live, ...change } as KubernetesObject)
    expect(faults(children)).toEqual(['ConfigMap one is not as desired'])
  })

  it('allows no annotation of the framework on a child', () => {
    const children = world()
    const live = children.get('Secret/one')
    const metadata = { ...live?.metadata, annotations: { hash: 'x' } }
    children.set('Secret/one', { ...live, metadata } as KubernetesObject)
    expect(faults(children)).toEqual(['Secret one is not as desired'])
  })

  it('wants the status of the present generation', () => {
    expect(isReady(bench({ ready: true, observedGeneration: 2 }))).toBe(false)
    expect(faults(world(), bench({}))).toEqual(['Bench one is not ready'])
  })
})
