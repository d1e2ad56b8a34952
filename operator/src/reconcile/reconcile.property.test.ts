/**
 * The status contract and the way to Ready over random histories of the whole pipeline: edits, suspends, lost children,
 * refused writes, lost connections, restarts, and two operators of which the older copy may still try to write.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractBreaches, kstatusOf } from '../testing/kstatus.ts'
import { FULL, fullReferences } from '../testing/fullSpec.ts'
import { World } from '../testing/worldOfOne.ts'
import { ApiError, Waiting } from '../runtime/errors.ts'

type Event = readonly [name: string, happen: (world: World) => void]

const refusal = () => new ApiError(403, { kind: 'Status', message: 'exceeded quota: pods' })
const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

const EVENTS: readonly Event[] = [
  [
    'another image',
    (world) => {
      world.edit({ ...FULL, worker: { ...FULL.worker, image: `i:${world.generation}` } })
    },
  ],
  [
    'as at first',
    (world) => {
      world.edit(FULL)
    },
  ],
  [
    'nonsense',
    (world) => {
      world.edit({ ...FULL, nats: { nonsense: true } })
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
  ['the Secret found', (world) => (world.references = fullReferences())],
  ['NATS silent', (world) => (world.natsAnswers = false)],
  ['NATS answers', (world) => (world.natsAnswers = true)],
  ['a write refused', (world) => world.faults.push(refusal())],
  ['a write that waits', (world) => world.faults.push(new Waiting('Contested', 500))],
  ['a write that throws', (world) => world.faults.push(new TypeError('x is undefined'))],
  ['a write that admission changes', (world) => world.faults.push('rewritten')],
  ['a write of what is held', (world) => world.faults.push('terminating')],
  [
    'a conflict',
    (world) =>
      world.faults.push(new ApiError(409, { kind: 'Status', reason: 'Conflict', message: 'changed' })),
  ],
  [
    'certificates near their end',
    (world) => {
      world.ageCertificates()
    },
  ],
  [
    'a certificate lost',
    (world) => {
      world.secrets.lose('orders-nats-worker')
    },
  ],
  [
    'a copy of the key lost',
    (world) => {
      world.secrets.lose('orders-nats-data-key-copy')
    },
  ],
  ['ClickHouse silent', (world) => (world.clickhouse.answers = false)],
  ['ClickHouse answers', (world) => (world.clickhouse.answers = true)],
  [
    'another rule by hand',
    (world) => {
      world.clickhouse.setRule('email_events', "event_date + toIntervalDay(9) TO DISK 's3'")
    },
  ],
  [
    'tables lost',
    (world) => {
      world.clickhouse.lose()
    },
  ],
  [
    'another archive',
    (world) => {
      const archive = { afterDays: 10 + world.generation, disk: 's3' }
      world.edit({ ...FULL, clickhouse: { ...FULL.clickhouse, archive } })
    },
  ],
  [
    'no autoscaler',
    (world) => {
      const { autoscaling, ...worker } = FULL.worker
      world.edit({ ...FULL, worker: { ...worker, replicas: autoscaling?.maxReplicas } })
    },
  ],
  ['no backups', (world) => (world.backsUp = false)],
  ['backups', (world) => (world.backsUp = true)],
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

/** As many as there are children, certificates and statements, twice: more is a loop. */
const MOST_WRITES = 80

/** What the status claims although it is otherwise. */
function contradictions(world: World): readonly string[] {
  const { status } = world
  const isTrue = (type: string) =>
    status.conditions?.some(
      (one) => one.type === type && one.status === 'True' && one.observedGeneration === world.generation,
    ) === true
  if (!isTrue('SpecValid')) return []
  const claims: readonly (readonly [type: string, holds: boolean, why: string])[] = [
    ['DependenciesReachable', world.references.get('postgres')?.found === true, 'a Secret is missing'],
    ['NatsReady', world.natsAnswers, 'NATS is silent'],
    ['ArchiveReady', world.clickhouse.answers, 'ClickHouse is silent'],
    [
      'NetworkPolicyReady',
      [...world.children.keys()].some((key) => key.startsWith('NetworkPolicy/')),
      'there is none',
    ],
    ['WorkerReady', world.areWorkersReady(), 'no worker is there'],
    ['Ready', world.natsAnswers && world.references.get('postgres')?.found === true, 'something is missing'],
  ]
  return claims.flatMap(([type, holds, why]) => (isTrue(type) && !holds ? [`${type}: ${why}`] : []))
}

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
  world.edit(FULL)
  world.references = fullReferences()
  world.natsAnswers = true
  world.backsUp = true
  world.clickhouse.answers = true
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
      { numRuns: 100 },
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
        const { writes, written } = { writes: world.writes, written: world.written.length }
        for (const by of ['a', 'b', 'a'] as const) {
          world.catchUp()
          await world.pass(by)
          world.wait(10)
        }
        expect(world.written).toHaveLength(written)
        expect(world.writes).toBe(writes)
      }),
      { numRuns: 60 },
    )
  })

  it('writes no more than a change needs, whatever becomes of the writes', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const world = await live(history)
        // Nothing happens any more, and nothing is mended either: what is left to do comes to an end.
        world.faults.length = 0
        const before = world.writes
        for (let turn = 0; turn < 20; turn += 1) {
          world.catchUp()
          await attempt(world)
        }
        expect(world.writes - before).toBeLessThanOrEqual(MOST_WRITES)
        const rested = world.writes
        for (let turn = 0; turn < 5; turn += 1) {
          world.catchUp()
          await attempt(world)
        }
        expect(world.writes).toBe(rested)
      }),
      { numRuns: 40 },
    )
  })

  it('says nothing that the world contradicts', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const world = await live(history)
        for (let turn = 0; turn < 8; turn += 1) {
          world.catchUp()
          await attempt(world)
          world.wait(31)
        }
        expect(contradictions(world)).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  it('says nothing that the world contradicts while suspended either, and writes nothing', async () => {
    const isOfWorld = ([name]: Event) => /pods|deleted|Secret|NATS|ClickHouse|backups|a minute/.test(name)
    const anyWorld = fc.array(fc.constantFrom(...EVENTS.filter(isOfWorld)), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(anyWorld, async (events) => {
        const world = new World()
        await rest(world)
        world.edit({ ...FULL, suspend: true })
        world.catchUp()
        await attempt(world)
        expect(kstatusOf(world.generation, world.status)).toBe('Current')
        const { writes } = world
        for (const [, happen] of events) {
          happen(world)
          await attempt(world)
          expect(contradictions(world)).toEqual([])
          expect(contractBreaches(world.generation, world.status)).toEqual([])
          expect(kstatusOf(world.generation, world.status)).not.toBe('InProgress')
        }
        expect(world.writes).toBe(writes)
      }),
      { numRuns: 40 },
    )
  })

  it('a deposed leader with an old copy changes nothing', async () => {
    const world = new World()
    await attempt(world)
    world.catchUp()
    world.edit({ ...FULL, suspend: true })
    world.leader = 'b'
    world.catchUp()
    await attempt(world)
    const { status } = world
    world.edit(FULL)
    await expect(world.pass('a')).rejects.toMatchObject({ status: 409 })
    expect(world.status).toEqual(status)
  })
})
