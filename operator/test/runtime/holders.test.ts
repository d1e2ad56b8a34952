/** What the cache foretells of conflicts against what a real API server says of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject, Resource } from '../../src/runtime/object.ts'
import { contestedFields } from '../../src/runtime/contests.ts'
import { heldByOthers } from '../../src/runtime/holders.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { APPLY_PATCH } from '../../src/runtime/transport.ts'
import { configMapOf, deploymentOf, fixtureOn, type Fixture } from './fixture.ts'
import { CONFIG_MAP, DEPLOYMENT, Harness } from './harness.ts'

const MANAGER = 'runtime-test'
let harness: Harness
let fixture: Fixture

beforeAll(async () => {
  harness = await Harness.start()
})
afterAll(async () => {
  await harness.stop()
})
beforeEach(async () => {
  fixture = await fixtureOn(harness)
})

type Edit = readonly [manager: string, change: (live: KubernetesObject) => object]
const container = (live: KubernetesObject) =>
  (live as unknown as { spec: { template: { spec: { containers: [Readonly<Record<string, unknown>>] } } } })
    .spec.template.spec.containers[0]
const withContainer = (change: object) => (live: KubernetesObject) => ({
  spec: { template: { spec: { containers: [{ ...container(live), ...change }] } } },
})

describe('conflicts are foretold as the server tells them', () => {
  it.each<[string, Resource, (fixture: Fixture) => KubernetesObject, readonly Edit[]]>([
    [
      'keys of a map, from two managers',
      CONFIG_MAP,
      (at) => configMapOf(at, { a: '1', b: '1', 'c.d': '1' }),
      [
        ['first', () => ({ data: { a: '2', 'c.d': '2', theirs: 'x' } })],
        ['second', () => ({ data: { b: '2' }, metadata: { labels: { app: 'theirs' } } })],
      ],
    ],
    [
      'what somebody took away, and what is as we wish again',
      CONFIG_MAP,
      (at) => configMapOf(at, { a: '1', b: '1', c: '1' }),
      [
        ['first', () => ({ data: { a: null, b: '2', c: '2' } })],
        ['second', () => ({ data: { b: '1' } })],
      ],
    ],
    [
      'a number and a quantity',
      DEPLOYMENT,
      (at) => deploymentOf(at, {}, {}),
      [
        ['first', () => ({ spec: { replicas: 3 } })],
        ['second', withContainer({ resources: { limits: { memory: '1Gi' } } })],
      ],
    ],
    [
      'items of lists, by one key and by two',
      DEPLOYMENT,
      (at) =>
        deploymentOf(
          at,
          {},
          {
            ports: [{ containerPort: 80, name: 'ours' }],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '1' },
            ],
          },
        ),
      [
        [
          'first',
          withContainer({
            ports: [{ containerPort: 80, name: 'theirs', protocol: 'TCP' }],
            env: [
              { name: 'A', value: '2' },
              { name: 'B', value: '1' },
              { name: 'C', value: '3' },
            ],
          }),
        ],
      ],
    ],
    [
      'an atomic map and an atomic list',
      DEPLOYMENT,
      (at) => deploymentOf(at, { nodeSelector: { disk: 'ssd' } }, { command: ['a', 'b'] }),
      [
        ['first', () => ({ spec: { template: { spec: { nodeSelector: { disk: 'hdd' } } } } })],
        ['second', withContainer({ command: ['a', 'c'] })],
      ],
    ],
  ])('%s', async (_, resource, wish, edits) => {
    const desired = wish(fixture)
    const { applier, owner, namespace, transport } = fixture
    await applier.apply(resource, desired, owner)
    for (const [manager, change] of edits) {
      const live = await harness.get(resource, namespace, 'child')
      await harness.edit(resource, namespace, 'child', change(live), manager)
    }
    const live = await harness.get(resource, namespace, 'child')
    const refusal: unknown = await transport
      .request({
        method: 'PATCH',
        path: pathOf(resource, namespace, 'child'),
        query: { fieldManager: MANAGER },
        contentType: APPLY_PATCH,
        body: desired,
      })
      .catch((error: unknown) => error)
    const told = contestedFields(refusal)
    expect(told).not.toEqual([])
    expect(sorted(heldByOthers(live, desired, MANAGER))).toEqual(sorted(told))

    fixture.storeOf(resource).observe(live)
    const before = await harness.writesOf(fixture.user)
    const outcome = await applier.apply(resource, desired, owner)
    expect(outcome).toMatchObject({ state: 'updated' })
    expect(sorted('contested' in outcome ? (outcome.contested ?? []) : [])).toEqual(sorted(told))
    expect(await harness.writesOf(fixture.user)).toHaveLength(before.length + 1)
  })
})

const sorted = <Held extends { readonly manager: string }>(held: readonly Held[]) =>
  [...held].sort((a, b) => a.manager.localeCompare(b.manager))
