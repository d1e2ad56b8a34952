/** Generated Secrets and statuses: what is written under a resource version, tried on a real API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../src/runtime/errors.ts'
import { keepSecret, type SecretWish } from '../../src/runtime/generatedSecret.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { writeStatus } from '../../src/runtime/statusWriter.ts'
import { fixtureOn, type Fixture } from './fixture.ts'
import { Harness, SECRET, until, WIDGET } from './harness.ts'

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

describe('a generated Secret', () => {
  const wish = (content: SecretWish['content']): SecretWish => ({
    name: 'key',
    namespace: fixture.namespace,
    labels: { app: 'test' },
    type: 'Opaque',
    owner: fixture.owner,
    claimedBy: fixture.owner,
    adoptsOrphans: false,
    manager: 'runtime-test',
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
    const outcome = await keepSecret(fixture.transport, raced)
    expect(outcome).toMatchObject({ state: 'unchanged', object: { data: { key: 'dGhlaXJz' } } })
    expect((await harness.get(SECRET, fixture.namespace, 'key'))['data']).toEqual({ key: 'dGhlaXJz' })
  })

  it('of somebody else is left alone', async () => {
    const before = await harness.post(pathOf(SECRET, fixture.namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: fixture.namespace },
      data: { key: 'dGhlaXJz' },
    })
    expect(await keepSecret(fixture.transport, wish(ours))).toMatchObject({
      state: 'foreign',
      holder: 'nobody that we know',
    })
    expect(await harness.get(SECRET, fixture.namespace, 'key')).toEqual(before)
    expect(await harness.writesOf(fixture.user)).toEqual([])
  })

  it('that was retained is taken up again', async () => {
    await harness.post(pathOf(SECRET, fixture.namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: fixture.namespace, labels: { 'retained-for': 'one' } },
      data: { key: 'b2xk' },
    })
    const outcome = await keepSecret(
      fixture.transport,
      wish(() => Promise.resolve(undefined)),
    )
    expect(outcome).toMatchObject({ state: 'updated', object: { data: { key: 'b2xk' } } })
  })

  it('that changed meanwhile is not overwritten', async () => {
    await keepSecret(fixture.transport, wish(ours))
    const rotating = wish(async (live) => {
      if (live) await harness.edit(SECRET, fixture.namespace, 'key', { data: { key: 'bmV3ZXI=' } })
      return ours()
    })
    await expect(keepSecret(fixture.transport, rotating)).rejects.toMatchObject({ status: 409 })
    expect((await harness.get(SECRET, fixture.namespace, 'key'))['data']).toEqual({ key: 'bmV3ZXI=' })
  })

  it('keeps what others noted on it', async () => {
    await keepSecret(fixture.transport, wish(ours))
    await harness.edit(SECRET, fixture.namespace, 'key', {
      metadata: {
        annotations: { note: 'theirs' },
        labels: { theirs: 'x' },
        finalizers: ['test.example/hold'],
      },
    })
    await keepSecret(
      fixture.transport,
      wish(() => Promise.resolve({ key: 'bmV3' })),
    )
    const { metadata, ...secret } = await harness.get(SECRET, fixture.namespace, 'key')
    expect(secret['data']).toEqual({ key: 'bmV3' })
    expect(metadata).toMatchObject({
      annotations: { note: 'theirs' },
      labels: { app: 'test', theirs: 'x' },
      finalizers: ['test.example/hold'],
    })
    await harness.edit(SECRET, fixture.namespace, 'key', { metadata: { finalizers: null } })
  })
})

describe('a status', () => {
  const target = () => ({
    transport: fixture.transport,
    resource: WIDGET,
    store: fixture.storeOf(WIDGET),
    fieldManager: 'runtime-test-status',
  })

  it('is written once, and what it no longer says is taken away', async () => {
    const store = fixture.storeOf(WIDGET)
    store.observe(fixture.widget)
    expect(await writeStatus(target(), fixture.widget, { phase: 'Up', note: undefined, old: true })).toBe(
      true,
    )
    const present = store.get(`${fixture.namespace}/one`)
    expect(present?.['status']).toEqual({ phase: 'Up', old: true })
    expect(await writeStatus(target(), present ?? fixture.widget, { old: true, phase: 'Up' })).toBe(false)
    expect(await writeStatus(target(), present ?? fixture.widget, { phase: 'Down' })).toBe(true)
    expect((await harness.get(WIDGET, fixture.namespace, 'one'))['status']).toEqual({ phase: 'Down' })
    expect(await harness.writesOf(fixture.user)).toHaveLength(2)
  })

  it('of a deposed leader does not overwrite what its successor found', async () => {
    const stale = fixture.widget
    await writeStatus(target(), fixture.widget, { phase: 'Newer' })
    await expect(writeStatus(target(), stale, { phase: 'Older' })).rejects.toMatchObject({ status: 409 })
    expect((await harness.get(WIDGET, fixture.namespace, 'one'))['status']).toEqual({ phase: 'Newer' })
  })

  it('does not bring a deleted object back', async () => {
    await harness.remove(WIDGET, fixture.namespace, 'one')
    await until('it is gone', () =>
      harness.get(WIDGET, fixture.namespace, 'one').then(
        () => false,
        () => true,
      ),
    )
    await expect(writeStatus(target(), fixture.widget, { phase: 'Up' })).rejects.toBeInstanceOf(ApiError)
    await expect(harness.get(WIDGET, fixture.namespace, 'one')).rejects.toMatchObject({ status: 404 })
  })
})
