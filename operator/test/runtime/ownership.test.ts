/** Who may write what, tried on a real API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject, OwnerReference, Resource } from '../../src/runtime/object.ts'
import type { Transport } from '../../src/runtime/transport.ts'
import { Applier } from '../../src/runtime/apply.ts'
import { ApiError } from '../../src/runtime/errors.ts'
import { keepSecret, type SecretWish } from '../../src/runtime/generatedSecret.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { writeStatus } from '../../src/runtime/statusWriter.ts'
import { Store } from '../../src/runtime/store.ts'
import { CONFIG_MAP, DEPLOYMENT, Harness, ownerOf, SECRET, until, WIDGET } from './harness.ts'

let harness: Harness
let namespace: string
let widget: KubernetesObject
let owner: OwnerReference
/** Names of users are unique, so that the audit log counts one test alone. */
let user: string
let transport: Transport
let stores: Map<string, Store>
let applier: Applier
let users = 0

beforeAll(async () => {
  harness = await Harness.start()
})
afterAll(async () => {
  await harness.stop()
})
beforeEach(async () => {
  namespace = await harness.namespace()
  widget = await harness.widget(namespace)
  owner = ownerOf(widget)
  users += 1
  user = `operator-${users}`
  transport = await harness.transportAs(user)
  stores = new Map()
  applier = newApplier()
})

const storeOf = (resource: Resource): Store => {
  const store = stores.get(resource.kind) ?? new Store()
  stores.set(resource.kind, store)
  return store
}
const newApplier = () => new Applier({ transport, fieldManager: 'runtime-test', storeOf })

const configMap = (data: Readonly<Record<string, string>>, name = 'child') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { app: 'test' }, ownerReferences: [owner] },
  data,
})

const deployment = (podSpec: object = {}, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'child', namespace, ownerReferences: [owner] },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'test' } },
    template: {
      metadata: { labels: { app: 'test' } },
      spec: {
        ...podSpec,
        containers: [
          {
            name: 'main',
            image: 'example',
            ports: [{ containerPort: 80 }],
            env: [
              { name: 'EMPTY', value: '' },
              { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
            ],
            resources: { limits: { memory: '128Mi' } },
            args: [],
            securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            ...container,
          },
        ],
        volumes: [{ name: 'scratch', emptyDir: {} }],
      },
    },
  },
})

describe('an apply', () => {
  it('creates without asking first', async () => {
    const outcome = await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    expect(outcome.state).toBe('created')
    expect((await harness.writesOf(user)).map(({ verb }) => verb)).toEqual(['patch'])
  })

  it('writes nothing the second time, nor after a restart', async () => {
    await applier.apply(DEPLOYMENT, deployment(), owner)
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    const before = await harness.writesOf(user)
    for (const each of [applier, newApplier()]) {
      expect((await each.apply(DEPLOYMENT, deployment(), owner)).state).toBe('unchanged')
      expect((await each.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).state).toBe('unchanged')
    }
    expect(await harness.writesOf(user)).toHaveLength(before.length)
  })

  it('takes away what is no longer wished for', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1', b: '2' }), owner)
    expect((await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).state).toBe('updated')
    expect((await harness.get(CONFIG_MAP, namespace, 'child'))['data']).toEqual({ a: '1' })
  })

  it('takes away what is no longer wished for inside an atomic map', async () => {
    await applier.apply(DEPLOYMENT, deployment({ nodeSelector: { disk: 'ssd', zone: 'a' } }), owner)
    const outcome = await applier.apply(DEPLOYMENT, deployment({ nodeSelector: { disk: 'ssd' } }), owner)
    expect(outcome.state).toBe('updated')
    const live = await harness.get(DEPLOYMENT, namespace, 'child')
    expect(live).toMatchObject({ spec: { template: { spec: { nodeSelector: { disk: 'ssd' } } } } })
    expect(JSON.stringify(live['spec'])).not.toContain('zone')
  })

  it('writes once for each wish when the server adds defaults inside an atomic field', async () => {
    // The server completes the reference with its apiVersion, which this wish leaves out.
    const wish = deployment(
      {},
      { env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
    )
    await applier.apply(DEPLOYMENT, wish, owner)
    expect((await applier.apply(DEPLOYMENT, wish, owner)).state).toBe('unchanged')
    const restarted = newApplier()
    expect((await restarted.apply(DEPLOYMENT, wish, owner)).state).toBe('updated')
    expect((await restarted.apply(DEPLOYMENT, wish, owner)).state).toBe('unchanged')
  })

  it('leaves fields of others alone', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    const edited = await harness.edit(CONFIG_MAP, namespace, 'child', {
      metadata: { annotations: { note: 'mine' } },
      data: { theirs: 'x' },
    })
    storeOf(CONFIG_MAP).observe(edited)
    expect((await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).state).toBe('unchanged')
    expect((await applier.apply(CONFIG_MAP, configMap({ a: '2' }), owner)).state).toBe('updated')
    const live = await harness.get(CONFIG_MAP, namespace, 'child')
    expect(live['data']).toEqual({ a: '2', theirs: 'x' })
    expect(live.metadata.annotations).toEqual({ note: 'mine' })
  })

  it('heals an edit by hand, and names the manager and the path', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    const edited = await harness.edit(CONFIG_MAP, namespace, 'child', { data: { a: 'edited' } })
    storeOf(CONFIG_MAP).observe(edited)
    const outcome = await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    expect(outcome).toMatchObject({
      state: 'updated',
      contested: [{ manager: expect.stringContaining('somebody') as string, paths: ['.data.a'] }],
    })
    expect((await harness.get(CONFIG_MAP, namespace, 'child'))['data']).toEqual({ a: '1' })
  })

  it('slows down when another manager keeps undoing it', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    const tookMs: number[] = []
    for (let round = 0; round < 4; round += 1) {
      storeOf(CONFIG_MAP).observe(
        await harness.edit(CONFIG_MAP, namespace, 'child', { data: { a: `edited ${round}` } }),
      )
      const startedAt = performance.now()
      expect(await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).toHaveProperty('contested')
      tookMs.push(performance.now() - startedAt)
    }
    // A lower bound: the pauses before the third and the fourth round are 250 and 500 ms.
    expect((tookMs[2] ?? 0) + (tookMs[3] ?? 0)).toBeGreaterThan(700)
  })
})

describe('a name that is taken', () => {
  const foreign = (metadata: object) =>
    harness.post(pathOf(CONFIG_MAP, namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'child', namespace, ...metadata },
      data: { theirs: 'x' },
    })

  it('is not taken over, though the cache does not show its holder', async () => {
    const before = await foreign({})
    for (let pass = 0; pass < 3; pass += 1)
      expect(await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).toEqual({
        state: 'foreign',
        holder: 'nobody that we know',
      })
    expect(await harness.get(CONFIG_MAP, namespace, 'child')).toEqual(before)
    // The refused create of the first pass; from then on it is only looked at.
    expect((await harness.writesOf(user)).map(({ responseStatus }) => responseStatus?.code)).toEqual([409])
  })

  it('is not taken over when it belongs to another owner', async () => {
    const other = await harness.widget(namespace, 'other')
    const before = await foreign({ labels: { app: 'test' }, ownerReferences: [ownerOf(other)] })
    storeOf(CONFIG_MAP).observe(before)
    expect(await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).toEqual({
      state: 'foreign',
      holder: 'Widget other',
    })
    expect(await harness.get(CONFIG_MAP, namespace, 'child')).toEqual(before)
  })

  it('is waited for when it is left over from an owner of the same name', async () => {
    await foreign({ ownerReferences: [{ ...owner, uid: '5bd8a4b6-5d07-4b6c-8a5b-0d6c1f8e2b11' }] })
    expect(await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).toEqual({ state: 'terminating' })
  })

  it('is used once it is free', async () => {
    await foreign({})
    expect((await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).state).toBe('foreign')
    await harness.remove(CONFIG_MAP, namespace, 'child')
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner).catch(() => undefined)
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    expect((await harness.get(CONFIG_MAP, namespace, 'child'))['data']).toEqual({ a: '1' })
  })

  it('is found again when our own object lost its labels and left the cache', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    storeOf(CONFIG_MAP).remove(
      await harness.edit(CONFIG_MAP, namespace, 'child', { metadata: { labels: null } }),
    )
    expect((await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)).state).toBe('updated')
    expect((await harness.get(CONFIG_MAP, namespace, 'child')).metadata.labels).toEqual({ app: 'test' })
  })
})

describe('an object that goes away', () => {
  it('is not brought back by a late write', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    await harness.remove(CONFIG_MAP, namespace, 'child')
    // The cache has not heard of it.
    await expect(applier.apply(CONFIG_MAP, configMap({ a: '2' }), owner)).rejects.toMatchObject({
      status: 409,
    })
    await expect(harness.get(CONFIG_MAP, namespace, 'child')).rejects.toMatchObject({ status: 404 })
  })

  it('is waited for while finalizers hold it', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    await harness.edit(CONFIG_MAP, namespace, 'child', { metadata: { finalizers: ['test.example/hold'] } })
    await harness.remove(CONFIG_MAP, namespace, 'child')
    storeOf(CONFIG_MAP).observe(await harness.get(CONFIG_MAP, namespace, 'child'))
    expect(await applier.apply(CONFIG_MAP, configMap({ a: '2' }), owner)).toEqual({ state: 'terminating' })
    await harness.edit(CONFIG_MAP, namespace, 'child', { metadata: { finalizers: null } })
  })

  it('is deleted by its owner only, and never its successor in its place', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    const stranger = { ...owner, uid: '5bd8a4b6-5d07-4b6c-8a5b-0d6c1f8e2b11' }
    expect(await applier.remove(CONFIG_MAP, namespace, 'child', stranger)).toBe(false)
    await harness.remove(CONFIG_MAP, namespace, 'child')
    const successor = await harness.post(pathOf(CONFIG_MAP, namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'child', namespace },
    })
    await expect(applier.remove(CONFIG_MAP, namespace, 'child', owner)).rejects.toMatchObject({ status: 409 })
    expect(await harness.get(CONFIG_MAP, namespace, 'child')).toEqual(successor)
    storeOf(CONFIG_MAP).remove({ ...successor, metadata: { ...successor.metadata } })
  })

  it('is deleted when it is ours', async () => {
    await applier.apply(CONFIG_MAP, configMap({ a: '1' }), owner)
    expect(await applier.remove(CONFIG_MAP, namespace, 'child', owner)).toBe(true)
    await expect(harness.get(CONFIG_MAP, namespace, 'child')).rejects.toMatchObject({ status: 404 })
  })
})

describe('a refusal of the server', () => {
  it('comes back in its own words, and is not tried again', async () => {
    const wish = { ...configMap({}), data: { 'not a key': 'x' } }
    const error = await applier.apply(CONFIG_MAP, wish, owner).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 422, message: expect.stringContaining('not a key') as string })
    expect(await harness.writesOf(user)).toHaveLength(1)
  })
})

describe('a generated Secret', () => {
  const wish = (content: SecretWish['content']): SecretWish => ({
    name: 'key',
    namespace,
    labels: { app: 'test' },
    type: 'Opaque',
    owner,
    claimedBy: owner,
    adoptable: ({ metadata }) => metadata.labels?.['retained-for'] === 'one',
    content,
  })
  const ours = () => Promise.resolve({ key: Buffer.from('ours').toString('base64') })

  it('is made once, and the one that came first is kept', async () => {
    const raced = wish(async (live) => {
      if (live) return undefined
      // Another leader is quicker, between our look and our write.
      await keepSecret(
        harness.transport,
        wish(() => Promise.resolve({ key: 'dGhlaXJz' })),
      )
      return ours()
    })
    const outcome = await keepSecret(transport, raced)
    expect(outcome).toMatchObject({ state: 'unchanged', object: { data: { key: 'dGhlaXJz' } } })
    expect((await harness.get(SECRET, namespace, 'key'))['data']).toEqual({ key: 'dGhlaXJz' })
  })

  it('of somebody else is left alone', async () => {
    const before = await harness.post(pathOf(SECRET, namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace },
      data: { key: 'dGhlaXJz' },
    })
    expect(await keepSecret(transport, wish(ours))).toEqual({
      state: 'foreign',
      holder: 'nobody that we know',
    })
    expect(await harness.get(SECRET, namespace, 'key')).toEqual(before)
    expect(await harness.writesOf(user)).toEqual([])
  })

  it('that was retained is taken up again', async () => {
    await harness.post(pathOf(SECRET, namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace, labels: { 'retained-for': 'one' } },
      data: { key: 'b2xk' },
    })
    const outcome = await keepSecret(
      transport,
      wish(() => Promise.resolve(undefined)),
    )
    expect(outcome).toMatchObject({ state: 'updated', object: { data: { key: 'b2xk' } } })
  })

  it('that changed meanwhile is not overwritten', async () => {
    await keepSecret(transport, wish(ours))
    const rotating = wish(async (live) => {
      if (live) await harness.edit(SECRET, namespace, 'key', { data: { key: 'bmV3ZXI=' } })
      return ours()
    })
    await expect(keepSecret(transport, rotating)).rejects.toMatchObject({ status: 409 })
    expect((await harness.get(SECRET, namespace, 'key'))['data']).toEqual({ key: 'bmV3ZXI=' })
  })

  it('keeps what others noted on it', async () => {
    await keepSecret(transport, wish(ours))
    await harness.edit(SECRET, namespace, 'key', {
      metadata: {
        annotations: { note: 'theirs' },
        labels: { theirs: 'x' },
        finalizers: ['test.example/hold'],
      },
    })
    await keepSecret(
      transport,
      wish(() => Promise.resolve({ key: 'bmV3' })),
    )
    const { metadata, ...secret } = await harness.get(SECRET, namespace, 'key')
    expect(secret['data']).toEqual({ key: 'bmV3' })
    expect(metadata).toMatchObject({
      annotations: { note: 'theirs' },
      labels: { app: 'test', theirs: 'x' },
      finalizers: ['test.example/hold'],
    })
    await harness.edit(SECRET, namespace, 'key', { metadata: { finalizers: null } })
  })
})

describe('a status', () => {
  const target = () => ({
    transport,
    resource: WIDGET,
    store: storeOf(WIDGET),
    fieldManager: 'runtime-test-status',
  })

  it('is written once, and what it no longer says is taken away', async () => {
    const store = storeOf(WIDGET)
    store.observe(widget)
    expect(await writeStatus(target(), widget, { phase: 'Up', note: undefined, old: true })).toBe(true)
    const present = store.get(`${namespace}/one`)
    expect(present?.['status']).toEqual({ phase: 'Up', old: true })
    expect(await writeStatus(target(), present ?? widget, { old: true, phase: 'Up' })).toBe(false)
    expect(await writeStatus(target(), present ?? widget, { phase: 'Down' })).toBe(true)
    expect((await harness.get(WIDGET, namespace, 'one'))['status']).toEqual({ phase: 'Down' })
    expect(await harness.writesOf(user)).toHaveLength(2)
  })

  it('of a deposed leader does not overwrite what its successor found', async () => {
    const stale = widget
    await writeStatus(target(), widget, { phase: 'Newer' })
    await expect(writeStatus(target(), stale, { phase: 'Older' })).rejects.toMatchObject({ status: 409 })
    expect((await harness.get(WIDGET, namespace, 'one'))['status']).toEqual({ phase: 'Newer' })
  })

  it('does not bring a deleted object back', async () => {
    await harness.remove(WIDGET, namespace, 'one')
    await until('it is gone', () =>
      harness.get(WIDGET, namespace, 'one').then(
        () => false,
        () => true,
      ),
    )
    await expect(writeStatus(target(), widget, { phase: 'Up' })).rejects.toBeInstanceOf(ApiError)
    await expect(harness.get(WIDGET, namespace, 'one')).rejects.toMatchObject({ status: 404 })
  })
})
