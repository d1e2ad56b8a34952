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
  version = 10
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
