import { beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject } from './object.ts'
import { Applier } from './apply.ts'
import { ApiError, Waiting } from './errors.ts'
import { Store } from './store.ts'
import { fakeApi, type FakeApi } from './testing/fakeApi.ts'

const THING = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: true }
const OWNER = { apiVersion: 'v1', kind: 'Owner', name: 'o', uid: 'owner', controller: true } as const
const wish: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'n', ownerReferences: [OWNER] },
  spec: { size: 1 },
}
const CONFLICT = new ApiError(409, {
  kind: 'Status',
  reason: 'Conflict',
  details: {
    causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "fighter"', field: '.spec.size' }],
  },
})

let now: number
let isFought: boolean
/** Forced applies are lost. */
let isDown: boolean
let isAnotherVersion: boolean
let version: number
let store: Store
let api: FakeApi
let applier: Applier

beforeEach(() => {
  now = 0
  isFought = true
  isDown = false
  isAnotherVersion = false
  version = 20
  store = new Store()
  api = fakeApi([], ({ query, body }) => {
    const { resourceVersion } = (body as KubernetesObject).metadata
    if (isAnotherVersion && resourceVersion !== undefined) throw new ApiError(409, { reason: 'Conflict' })
    if (isFought && query?.['force'] !== 'true') throw CONFLICT
    if (isDown) throw new Error('reset')
    version += 1
    return { ...wish, metadata: { ...wish.metadata, uid: 'u', resourceVersion: String(version) } }
  })
  applier = new Applier({
    transport: api,
    fieldManager: 'us',
    storeOf: () => store,
    now: () => now,
  })
  store.observe({ ...wish, metadata: { ...wish.metadata, uid: 'u', resourceVersion: '10' } })
})

/** The cache hears of somebody who changed the size. */
const seeHolder = (resourceVersion: string) => {
  const managedFields = [
    { manager: 'fighter', operation: 'Update' as const, fieldsV1: { 'f:spec': { 'f:size': {} } } },
  ]
  const metadata = { ...wish.metadata, uid: 'u', resourceVersion, managedFields }
  store.observe({ ...wish, metadata, spec: { size: 2 } })
}
const apply = () => applier.apply(THING, wish, OWNER)
const requests = () =>
  api.calls.splice(0).map(({ query }) => (query?.['force'] === 'true' ? 'forced' : 'unforced'))
/** What remains of a wait, if it was one. */
const waitMs = async () => {
  const error: unknown = await apply().catch((reason: unknown) => reason)
  return error instanceof Waiting ? error.afterMs : undefined
}
const contested = [{ manager: 'fighter', paths: ['.spec.size'] }]

describe('a contested apply', () => {
  it('is forced at once, the first time and the second', async () => {
    for (let round = 0; round < 2; round += 1) {
      expect(await apply()).toMatchObject({ state: 'updated', contested })
      expect(requests()).toEqual(['unforced', 'forced'])
    }
  })

  it('is put off from the third time on, and asks for nothing until its time has come', async () => {
    await apply()
    await apply()
    requests()
    expect(await waitMs()).toBe(250)
    expect(requests()).toEqual(['unforced'])
    now = 100
    expect(await waitMs()).toBe(150)
    expect(requests()).toEqual([])
    now = 250
    expect(await apply()).toMatchObject({ state: 'updated', contested })
    expect(requests()).toEqual(['unforced', 'forced'])
    expect(await waitMs()).toBe(500)
  })

  it('is still told of when the other one has given up meanwhile', async () => {
    await apply()
    await apply()
    await waitMs()
    isFought = false
    now = 250
    requests()
    expect(await apply()).toMatchObject({ state: 'updated', contested })
    expect(requests()).toEqual(['unforced'])
    expect(await apply()).not.toHaveProperty('contested')
  })

  it('is forced at the next pass when forcing it failed', async () => {
    await apply()
    await apply()
    await waitMs()
    now = 250
    isDown = true
    await expect(apply()).rejects.toThrow('reset')
    isDown = false
    expect(await apply()).toMatchObject({ state: 'updated', contested })
  })

  it('is forced in one request where the cache shows who holds it, on the version that it shows', async () => {
    seeHolder('11')
    expect(await apply()).toMatchObject({ state: 'updated', contested })
    const metadata = { uid: 'u', resourceVersion: '11' }
    expect(api.calls).toMatchObject([{ query: { force: 'true' }, body: { metadata } }])
  })

  it('is looked at anew where it is another version by now', async () => {
    seeHolder('11')
    isAnotherVersion = true
    expect(await apply()).toMatchObject({ state: 'updated', contested })
    expect(requests()).toEqual(['forced', 'unforced', 'forced'])
    expect(await waitMs()).toBeUndefined()
    // One round each, however many requests it took.
    expect(await waitMs()).toBe(250)
  })
})

describe('an answer that is not what was asked for', () => {
  /** Admission that sets another size; the server counts versions only where something changes. */
  const rewriting = (sizes: () => number) => {
    let stored: KubernetesObject | undefined
    api = fakeApi([], () => {
      const managedFields = [
        {
          manager: 'us',
          operation: 'Apply' as const,
          fieldsV1: {
            'f:metadata': { 'f:ownerReferences': { 'k:{"uid":"owner"}': {} } },
            'f:spec': { 'f:size': {} },
          },
        },
      ]
      const spec = { size: sizes() }
      if (JSON.stringify(stored?.['spec']) !== JSON.stringify(spec)) version += 1
      const metadata = { ...wish.metadata, uid: 'u', resourceVersion: String(version), managedFields }
      stored = { ...wish, metadata, spec }
      return stored
    })
    applier = new Applier({ transport: api, fieldManager: 'us', storeOf: () => store, now: () => now })
  }
  const differences = [{ path: 'spec.size', live: 3 }]

  it('is settled: told once, and no write at the next pass', async () => {
    rewriting(() => 3)
    expect(await apply()).toMatchObject({ state: 'unchanged', rewrite: { differences, isNew: true } })
    requests()
    for (let pass = 0; pass < 50; pass += 1) {
      const outcome = await apply()
      expect(outcome).toMatchObject({ state: 'unchanged', rewrite: { differences, isNew: false } })
    }
    expect(requests()).toEqual([])
  })

  it('is asked for again ever more rarely', async () => {
    rewriting(() => 3)
    const tries: number[] = []
    for (now = 0; now < 8 * 3_600_000; now += 10_000) {
      await apply()
      if (requests().length > 0) tries.push(now / 60_000)
    }
    expect(tries).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423])
  })

  it('is no settlement when each answer is another: no write follows at once all the same', async () => {
    let size = 100
    rewriting(() => (size += 1))
    expect(await apply()).toMatchObject({ state: 'unchanged', rewrite: { isNew: true } })
    requests()
    await apply()
    await apply()
    expect(requests()).toEqual([])
  })

  it('is asked for at once when the wish or the object is another', async () => {
    rewriting(() => 3)
    await apply()
    requests()
    const other = { ...wish, spec: { size: 5 } }
    await applier.apply(THING, other, OWNER)
    expect(requests()).toHaveLength(1)
    store.observe({
      ...wish,
      metadata: { ...wish.metadata, uid: 'u', resourceVersion: '90' },
      spec: { size: 9 },
    })
    await apply()
    expect(requests()).toHaveLength(1)
  })

  it('is over when admission lets the wish through', async () => {
    let size = 3
    rewriting(() => size)
    await apply()
    size = 1
    now = 60_000
    expect(await apply()).toMatchObject({ state: 'updated' })
    expect(await apply()).not.toHaveProperty('rewrite')
  })
})
