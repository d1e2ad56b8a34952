/** Applies under the rules of ownership, tried on a real API server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApiError, Waiting } from '../../src/runtime/errors.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { configMapOf, deploymentOf, fixtureOn, type Fixture } from './fixture.ts'
import { CONFIG_MAP, DEPLOYMENT, Harness, ownerOf } from './harness.ts'

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

const configMap = (data: Readonly<Record<string, string>>) => configMapOf(fixture, data)
const deployment = (podSpec: object = {}, container: object = {}) => deploymentOf(fixture, podSpec, container)

/** Comes back when it is told to, as a controller does. */
async function persistently<Outcome>(apply: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await apply()
  } catch (error) {
    if (!(error instanceof Waiting)) throw error
    await sleep(error.afterMs)
    return persistently(apply)
  }
}

describe('an apply', () => {
  it('creates without asking first', async () => {
    const outcome = await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    expect(outcome.state).toBe('created')
    expect((await harness.writesOf(fixture.user)).map(({ verb }) => verb)).toEqual(['patch'])
  })

  it('writes nothing the second time, nor after a restart', async () => {
    await fixture.applier.apply(DEPLOYMENT, deployment(), fixture.owner)
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    const before = await harness.writesOf(fixture.user)
    for (const each of [fixture.applier, fixture.newApplier()]) {
      expect((await each.apply(DEPLOYMENT, deployment(), fixture.owner)).state).toBe('unchanged')
      expect((await each.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).state).toBe('unchanged')
    }
    expect(await harness.writesOf(fixture.user)).toHaveLength(before.length)
  })

  it('takes away what is no longer wished for', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1', b: '2' }), fixture.owner)
    expect((await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).state).toBe(
      'updated',
    )
    expect((await harness.get(CONFIG_MAP, fixture.namespace, 'child'))['data']).toEqual({ a: '1' })
  })

  it('takes away what is no longer wished for inside an atomic map', async () => {
    await fixture.applier.apply(
      DEPLOYMENT,
      deployment({ nodeSelector: { disk: 'ssd', zone: 'a' } }),
      fixture.owner,
    )
    const outcome = await fixture.applier.apply(
      DEPLOYMENT,
      deployment({ nodeSelector: { disk: 'ssd' } }),
      fixture.owner,
    )
    expect(outcome.state).toBe('updated')
    const live = await harness.get(DEPLOYMENT, fixture.namespace, 'child')
    expect(live).toMatchObject({ spec: { template: { spec: { nodeSelector: { disk: 'ssd' } } } } })
    expect(JSON.stringify(live['spec'])).not.toContain('zone')
  })

  it('writes once for each wish when the server adds defaults inside an atomic field', async () => {
    // The server completes the reference with its apiVersion, which this wish leaves out.
    const wish = deployment(
      {},
      { env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
    )
    await fixture.applier.apply(DEPLOYMENT, wish, fixture.owner)
    expect((await fixture.applier.apply(DEPLOYMENT, wish, fixture.owner)).state).toBe('unchanged')
    const restarted = fixture.newApplier()
    // It asks once more, and the server has nothing to change.
    expect((await restarted.apply(DEPLOYMENT, wish, fixture.owner)).state).toBe('unchanged')
    expect((await restarted.apply(DEPLOYMENT, wish, fixture.owner)).state).toBe('unchanged')
  })

  it('leaves fields of others alone', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    const edited = await harness.edit(CONFIG_MAP, fixture.namespace, 'child', {
      metadata: { annotations: { note: 'mine' } },
      data: { theirs: 'x' },
    })
    fixture.storeOf(CONFIG_MAP).observe(edited)
    expect((await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).state).toBe(
      'unchanged',
    )
    expect((await fixture.applier.apply(CONFIG_MAP, configMap({ a: '2' }), fixture.owner)).state).toBe(
      'updated',
    )
    const live = await harness.get(CONFIG_MAP, fixture.namespace, 'child')
    expect(live['data']).toEqual({ a: '2', theirs: 'x' })
    expect(live.metadata.annotations).toEqual({ note: 'mine' })
  })

  it('heals an edit by hand, and names the manager and the path', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    const edited = await harness.edit(CONFIG_MAP, fixture.namespace, 'child', { data: { a: 'edited' } })
    fixture.storeOf(CONFIG_MAP).observe(edited)
    const outcome = await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    expect(outcome).toMatchObject({
      state: 'updated',
      contested: [{ manager: expect.stringContaining('somebody') as string, paths: ['.data.a'] }],
    })
    expect((await harness.get(CONFIG_MAP, fixture.namespace, 'child'))['data']).toEqual({ a: '1' })
  })

  it('slows down when another manager keeps undoing it', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    const tookMs: number[] = []
    for (let round = 0; round < 4; round += 1) {
      fixture
        .storeOf(CONFIG_MAP)
        .observe(
          await harness.edit(CONFIG_MAP, fixture.namespace, 'child', { data: { a: `edited ${round}` } }),
        )
      const startedAt = performance.now()
      expect(
        await persistently(() => fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)),
      ).toHaveProperty('contested')
      tookMs.push(performance.now() - startedAt)
    }
    // A lower bound: the pauses before the third and the fourth round are 250 and 500 ms.
    expect((tookMs[2] ?? 0) + (tookMs[3] ?? 0)).toBeGreaterThan(700)
  })
})

describe('a name that is taken', () => {
  const foreign = (metadata: object) =>
    harness.post(pathOf(CONFIG_MAP, fixture.namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'child', namespace: fixture.namespace, ...metadata },
      data: { theirs: 'x' },
    })

  it('is not taken over, though the cache does not show its holder', async () => {
    const before = await foreign({})
    for (let pass = 0; pass < 3; pass += 1)
      expect(await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).toMatchObject({
        state: 'foreign',
        holder: 'nobody that we know',
      })
    expect(await harness.get(CONFIG_MAP, fixture.namespace, 'child')).toEqual(before)
    // The refused create of the first pass; from then on it is only looked at.
    expect((await harness.writesOf(fixture.user)).map(({ responseStatus }) => responseStatus?.code)).toEqual([
      409,
    ])
  })

  it('is not taken over when it belongs to another owner', async () => {
    const other = await harness.widget(fixture.namespace, 'other')
    const before = await foreign({ labels: { app: 'test' }, ownerReferences: [ownerOf(other)] })
    fixture.storeOf(CONFIG_MAP).observe(before)
    expect(await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).toMatchObject({
      state: 'foreign',
      holder: 'Widget other',
    })
    expect(await harness.get(CONFIG_MAP, fixture.namespace, 'child')).toEqual(before)
  })

  it('is waited for when it is left over from an owner of the same name', async () => {
    await foreign({ ownerReferences: [{ ...fixture.owner, uid: '5bd8a4b6-5d07-4b6c-8a5b-0d6c1f8e2b11' }] })
    expect(await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).toMatchObject({
      state: 'terminating',
    })
  })

  it('is used once it is free', async () => {
    await foreign({})
    expect((await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).state).toBe(
      'foreign',
    )
    await harness.remove(CONFIG_MAP, fixture.namespace, 'child')
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner).catch(() => undefined)
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    expect((await harness.get(CONFIG_MAP, fixture.namespace, 'child'))['data']).toEqual({ a: '1' })
  })

  it('is found again when our own object lost its labels and left the cache', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    fixture
      .storeOf(CONFIG_MAP)
      .remove(await harness.edit(CONFIG_MAP, fixture.namespace, 'child', { metadata: { labels: null } }))
    expect((await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)).state).toBe(
      'updated',
    )
    expect((await harness.get(CONFIG_MAP, fixture.namespace, 'child')).metadata.labels).toEqual({
      app: 'test',
    })
  })
})

describe('an object that goes away', () => {
  it('is not brought back by a late write', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    await harness.remove(CONFIG_MAP, fixture.namespace, 'child')
    // The cache has not heard of it.
    await expect(
      fixture.applier.apply(CONFIG_MAP, configMap({ a: '2' }), fixture.owner),
    ).rejects.toMatchObject({
      status: 409,
    })
    await expect(harness.get(CONFIG_MAP, fixture.namespace, 'child')).rejects.toMatchObject({ status: 404 })
  })

  it('is waited for while finalizers hold it', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    await harness.edit(CONFIG_MAP, fixture.namespace, 'child', {
      metadata: { finalizers: ['test.example/hold'] },
    })
    await harness.remove(CONFIG_MAP, fixture.namespace, 'child')
    fixture.storeOf(CONFIG_MAP).observe(await harness.get(CONFIG_MAP, fixture.namespace, 'child'))
    expect(await fixture.applier.apply(CONFIG_MAP, configMap({ a: '2' }), fixture.owner)).toMatchObject({
      state: 'terminating',
    })
    await harness.edit(CONFIG_MAP, fixture.namespace, 'child', { metadata: { finalizers: null } })
  })

  it('is deleted by its owner only, and never its successor in its place', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    const stranger = { ...fixture.owner, uid: '5bd8a4b6-5d07-4b6c-8a5b-0d6c1f8e2b11' }
    expect(await fixture.applier.remove(CONFIG_MAP, fixture.namespace, 'child', stranger)).toEqual({
      state: 'absent',
    })
    await harness.remove(CONFIG_MAP, fixture.namespace, 'child')
    const successor = await harness.post(pathOf(CONFIG_MAP, fixture.namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'child', namespace: fixture.namespace },
    })
    await expect(
      fixture.applier.remove(CONFIG_MAP, fixture.namespace, 'child', fixture.owner),
    ).rejects.toMatchObject({ status: 409 })
    expect(await harness.get(CONFIG_MAP, fixture.namespace, 'child')).toEqual(successor)
    fixture.storeOf(CONFIG_MAP).remove({ ...successor, metadata: { ...successor.metadata } })
  })

  it('is deleted when it is ours', async () => {
    await fixture.applier.apply(CONFIG_MAP, configMap({ a: '1' }), fixture.owner)
    expect(await fixture.applier.remove(CONFIG_MAP, fixture.namespace, 'child', fixture.owner)).toEqual({
      state: 'removed',
    })
    await expect(harness.get(CONFIG_MAP, fixture.namespace, 'child')).rejects.toMatchObject({ status: 404 })
  })
})

describe('a refusal of the server', () => {
  it('comes back in its own words, and is not tried again', async () => {
    const wish = { ...configMap({}), data: { 'not a key': 'x' } }
    const error = await fixture.applier
      .apply(CONFIG_MAP, wish, fixture.owner)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 422, message: expect.stringContaining('not a key') as string })
    expect(await harness.writesOf(fixture.user)).toHaveLength(1)
  })

  it.each<[string, object, object]>([
    ['the specification of a pod', { hostNetwrok: true }, {}],
    ['a container', {}, { imagePullPolciy: 'Always' }],
    ['an item of a list', {}, { env: [{ name: 'A', vlaue: '1' }] }],
    ['an atomic map', {}, { securityContext: { capabilities: { dorp: ['ALL'] } } }],
  ])('names a field that it does not know in %s, and nothing is written', async (_, pod, container) => {
    const [unknown = ''] =
      /hostNetwrok|imagePullPolciy|vlaue|dorp/.exec(JSON.stringify([pod, container])) ?? []
    await expect(
      fixture.applier.apply(DEPLOYMENT, deployment(pod, container), fixture.owner),
    ).rejects.toThrow(unknown)
    await expect(harness.get(DEPLOYMENT, fixture.namespace, 'child')).rejects.toMatchObject({ status: 404 })
  })
})
