/**
 * The status contract and the way to Ready over random histories of the whole pipeline: edits, suspends, lost children,
 * refused writes, lost connections, restarts, and two operators of which the older copy may still try to write.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractBreaches, kstatusOf } from '../testing/kstatus.ts'
import { allReferences, SPEC } from '../testing/snapshots.ts'
import { World } from '../testing/worldOfOne.ts'
import { ApiError } from '../runtime/errors.ts'

type Event = readonly [name: string, happen: (world: World) => void]

const refusal = () => new ApiError(403, { kind: 'Status', message: 'exceeded quota: pods' })
const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

const EVENTS: readonly Event[] = [
  [
    'another image',
    (world) => {
      world.edit({ ...SPEC, worker: { ...SPEC.worker, image: `i:${world.generation}` } })
    },
  ],
  [
    'as at first',
    (world) => {
      world.edit(SPEC)
    },
  ],
  [
    'nonsense',
    (world) => {
      world.edit({ ...SPEC, nats: { nonsense: true } })
    },
  ],
  [
    'suspended',
    (world) => {
      world.edit({ ...world.spec, suspend: true })
    },
  ],
  [
    'resumed',
    (world) => {
      world.edit({ ...world.spec, suspend: false })
    },
  ],
  [
    'asked for',
    (world) => {
      world.annotate({ 'batchsender.io/requestedAt': `turn ${world.generation}` })
    },
  ],
  [
    'pods ready',
    (world) => {
      world.pods(true)
    },
  ],
  [
    'pods gone',
    (world) => {
      world.pods(false)
    },
  ],
  ['a child deleted', (world) => world.children.delete([...world.children.keys()][0] ?? '')],
  ['the last child deleted', (world) => world.children.delete([...world.children.keys()].at(-1) ?? '')],
  [
    'all children deleted',
    (world) => {
      world.children.clear()
    },
  ],
  ['a Secret lost', (world) => world.references.set('postgres', { found: false })],
  ['the Secret found', (world) => (world.references = allReferences())],
  ['NATS silent', (world) => (world.natsAnswers = false)],
  ['NATS answers', (world) => (world.natsAnswers = true)],
  ['a write refused', (world) => world.faults.push(refusal())],
  ['a connection lost', (world) => world.faults.push(lost())],
  ['another leader', (world) => (world.leader = world.leader === 'a' ? 'b' : 'a')],
  [
    'watches caught up',
    (world) => {
      world.catchUp()
    },
  ],
  [
    'a minute',
    (world) => {
      world.wait(60)
    },
  ],
  [
    'a day',
    (world) => {
      world.wait(86_400)
    },
  ],
]

const anyHistory = fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.boolean()), { maxLength: 40 })

/** A pass may end in an error that the runtime would retry. */
const attempt = (world: World, by?: 'a' | 'b') => world.pass(by).catch(() => undefined)

async function live(history: readonly (readonly [Event, boolean])[]): Promise<World> {
  const world = new World()
  for (const [[, happen], deposedTriesToo] of history) {
    happen(world)
    if (deposedTriesToo) await attempt(world, world.leader === 'a' ? 'b' : 'a')
    await attempt(world)
    world.wait(1)
  }
  return world
}

/** Everything mends, and nothing more happens. */
async function rest(world: World): Promise<void> {
  world.edit(SPEC)
  world.references = allReferences()
  world.natsAnswers = true
  world.faults.length = 0
  for (let turn = 0; turn < 12; turn += 1) {
    world.catchUp()
    await attempt(world)
    world.pods(true)
    world.wait(31)
  }
}

describe('over any history', () => {
  it('no status that was ever written breaks the contract', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        for (const { generation, status } of (await live(history)).written)
          expect(contractBreaches(generation, status)).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it('ends Ready, and then silent, when everything mends', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const world = await live(history)
        await rest(world)
        const ready = world.status.conditions?.find(({ type }) => type === 'Ready')
        expect(ready).toMatchObject({ status: 'True', observedGeneration: world.generation })
        expect(kstatusOf(world.generation, world.status)).toBe('Current')
        const writes = world.written.length
        for (const by of ['a', 'b', 'a'] as const) {
          world.catchUp()
          await world.pass(by)
          world.wait(10)
        }
        expect(world.written).toHaveLength(writes)
      }),
      { numRuns: 100 },
    )
  })

  it('a deposed leader with an old copy changes nothing', async () => {
    const world = new World()
    await attempt(world)
    world.catchUp()
    world.edit({ ...SPEC, suspend: true })
    world.leader = 'b'
    world.catchUp()
    await attempt(world)
    const { status } = world
    world.edit(SPEC)
    await expect(world.pass('a')).rejects.toMatchObject({ status: 409 })
    expect(world.status).toEqual(status)
  })
})
