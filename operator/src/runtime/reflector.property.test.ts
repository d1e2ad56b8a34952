import fc from 'fast-check'
import { getActiveResourcesInfo } from 'node:process'
import { expect, it } from 'vitest'
import type { KubernetesObject } from './object.ts'
import type { Step } from './testing/history.ts'
import { isPanic } from './errors.ts'
import { keyOf } from './object.ts'
import { Reflector } from './reflector.ts'
import { Store, type Change } from './store.ts'
import { ScriptedServer } from './testing/scriptedServer.ts'
import { FAULTS, type Plan } from './testing/telling.ts'

const THING = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: true }
/** Far more than an honest server needs to be believed. */
const MOST_TURNS = 300_000

const name = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('touch' as const), name }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('delete' as const, 'hide' as const), name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('elsewhere' as const, 'compact' as const) }) },
)
const few = fc.integer({ min: 0, max: 4 })
/** What no error tells of is the hardest to bear. */
const fault = fc.oneof(fc.constantFrom(...FAULTS), fc.constantFrom('late' as const, 'swapped' as const))
const plan: fc.Arbitrary<Plan> = fc.record({
  fault,
  after: few,
  which: fc.nat({ max: 50 }),
  before: fc.integer({ min: 0, max: 8 }),
  during: few,
})

const turn = () => new Promise((resolve) => setImmediate(resolve))
const told = (objects: Iterable<KubernetesObject>) =>
  [...objects]
    .map((object) => `${keyOf(object)} ${object.metadata.uid ?? ''}@${object.metadata.resourceVersion ?? ''}`)
    .sort()
const timers = () => getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

/** Follows the changes as a controller would, and notes each that makes no sense. */
class Follower {
  readonly objects = new Map<string, KubernetesObject>()
  readonly breaches: string[] = []

  take(change: Change): void {
    const key = keyOf(change.object)
    const known = this.objects.get(key)
    const before =
      change.type === 'updated' ? change.before : change.type === 'deleted' ? change.object : undefined
    if (known !== before) this.breaches.push(`${change.type} ${key}`)
    if (change.type === 'deleted') this.objects.delete(key)
    else this.objects.set(key, change.object)
  }
}

async function play(server: ScriptedServer) {
  const store = new Store()
  const follower = new Follower()
  const stop = new AbortController()
  const reflector: Reflector = new Reflector({
    transport: server,
    resource: THING,
    store,
    random: () => 0,
    openingMs: 10,
    inactivityMs: 10,
    firstBackoffMs: 1,
    longestBackoffMs: 1,
    onChange: (change) => {
      if (server.completeLists === 0) follower.breaches.push('a change before a complete list')
      follower.take(change)
    },
    onError: (error) => {
      if (isPanic(error)) follower.breaches.push(String(error))
    },
  })
  const running = reflector.run(stop.signal)
  const truth = () => told(server.history.at(server.history.version))
  for (let turns = 0; turns < MOST_TURNS; turns += 1) {
    if (reflector.isSynced && server.completeLists === 0) follower.breaches.push('synced without a list')
    // What is left to happen happens while the server is honest.
    if (server.isHonest && !server.advance() && reflector.isSynced)
      if (told(store.values()).join() === truth().join()) break
    await turn()
  }
  expect(told(store.values())).toEqual(truth())
  expect(told(follower.objects.values())).toEqual(truth())
  expect(follower.breaches).toEqual([])
  stop.abort()
  await running
  await turn()
  expect(server.open).toBe(0)
}

/** What does not hold is made as small as it can be first, with its seed, and that takes a while. */
const SHRINKING_MS = 120_000

it(
  'keeps a store equal to the truth, whatever the server and the network do meanwhile',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { maxLength: 12 }),
        fc.array(step, { maxLength: 60 }),
        fc.boolean(),
        async (plans, steps, streams) => {
          const before = timers()
          await play(new ScriptedServer(plans, steps, streams))
          expect(timers()).toBeLessThanOrEqual(before)
        },
      ),
      { numRuns: 300 },
    )
  },
  SHRINKING_MS,
)
