/** A finalizer on a real API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasFinalizer, markFinalizer, type FinalizerTarget } from '../../src/runtime/finalizer.ts'
import { fixtureOn, type Fixture } from './fixture.ts'
import { Harness, WIDGET } from './harness.ts'

const OURS = 'test.example/cleanup'
const THEIRS = 'other.example/hold'

let harness: Harness
let fixture: Fixture
let target: FinalizerTarget

beforeAll(async () => {
  harness = await Harness.start()
})
afterAll(async () => {
  await harness.stop()
})
beforeEach(async () => {
  fixture = await fixtureOn(harness)
  target = { transport: fixture.transport, resource: WIDGET, store: fixture.storeOf(WIDGET), finalizer: OURS }
})

const live = () => harness.get(WIDGET, fixture.namespace, 'one')

describe('a finalizer', () => {
  it('is set once and holds the object until it is taken away, beside those of others', async () => {
    await harness.edit(WIDGET, fixture.namespace, 'one', { metadata: { finalizers: [THEIRS] } })
    expect(await markFinalizer(target, await live(), true)).toBe(true)
    expect(await markFinalizer(target, await live(), true)).toBe(false)
    await harness.remove(WIDGET, fixture.namespace, 'one')
    const held = await live()
    expect(held.metadata.finalizers).toEqual([THEIRS, OURS])
    expect(await markFinalizer(target, held, false)).toBe(true)
    expect((await live()).metadata.finalizers).toEqual([THEIRS])
    await harness.edit(WIDGET, fixture.namespace, 'one', { metadata: { finalizers: null } })
    await expect(live()).rejects.toMatchObject({ status: 404 })
  })

  it('is read back at once', async () => {
    await markFinalizer(target, fixture.widget, true)
    const known = target.store.get(`${fixture.namespace}/one`)
    expect(known && hasFinalizer(known, OURS)).toBe(true)
  })

  it('is not written over what somebody else did meanwhile', async () => {
    const stale = await live()
    await harness.edit(WIDGET, fixture.namespace, 'one', { metadata: { finalizers: [THEIRS] } })
    await expect(markFinalizer(target, stale, true)).rejects.toMatchObject({ status: 409 })
    expect((await live()).metadata.finalizers).toEqual([THEIRS])
    await harness.edit(WIDGET, fixture.namespace, 'one', { metadata: { finalizers: null } })
  })
})
