import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject } from './object.ts'
import { ApiError } from './errors.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import { Store } from './store.ts'
import {
  bookmark,
  event,
  failure,
  fakeApi,
  HANG,
  listEnd,
  type FakeApi,
  type WatchScript,
} from './testing/fakeApi.ts'

const THING = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: true }

let store: Store
let changes: string[]
let faults: unknown[]
let stop: AbortController
let running: Promise<void>

beforeEach(() => {
  store = new Store()
  changes = []
  faults = []
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await running
})

/** Runs until the server was asked for one watch more than it has a script for. */
async function play(scripts: readonly WatchScript[], options: Partial<ReflectorOptions> = {}, api?: FakeApi) {
  const server = api ?? fakeApi(scripts)
  const reflector = new Reflector({
    transport: server,
    resource: THING,
    store,
    random: () => 0.5,
    firstBackoffMs: 1,
    longestBackoffMs: 2,
    onChange: ({ type, object }, initial) =>
      changes.push(`${type} ${object.metadata.name}${initial ? ' at first' : ''}`),
    onError: (error) => faults.push(error),
    ...options,
  })
  running = reflector.run(stop.signal)
  while (server.watches.length <= scripts.length) await new Promise((resolve) => setImmediate(resolve))
  return { server, reflector }
}

const first = (...names: readonly string[]) => [
  ...names.map((name, index) => event('ADDED', name, index + 1)),
  listEnd(10),
]

describe('a reflector', () => {
  it('asks for a streaming list, and goes on from the last version it heard of', async () => {
    const { server, reflector } = await play([
      { parts: [...first('a'), event('MODIFIED', 'a', 11), bookmark(20)] },
    ])
    expect(server.watches[0]).toEqual({
      watch: '1',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '450',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
    })
    expect(server.watches[1]).toMatchObject({ resourceVersion: '20' })
    expect(server.watches[1]).not.toHaveProperty('sendInitialEvents')
    expect(changes).toEqual(['added a at first', 'updated a'])
    expect(faults).toEqual([])
    expect(reflector.isSynced).toBe(true)
  })

  it('is not synced, and tells nothing, before the list is complete', async () => {
    const { reflector } = await play([{ parts: [event('ADDED', 'a', 1), new Error('reset')] }])
    expect(reflector.isSynced).toBe(false)
    expect(changes).toEqual([])
    expect(store.size).toBe(0)
  })

  it('never goes back to an earlier version for an event that comes late', async () => {
    const { server } = await play([{ parts: [...first('a'), bookmark(20), event('ADDED', 'b', 15)] }])
    expect(server.watches[1]).toMatchObject({ resourceVersion: '20' })
  })

  it('does not let a late initial event bring back what was deleted', async () => {
    await play([
      {
        parts: [
          event('ADDED', 'a', 3),
          event('ADDED', 'a', 2),
          event('DELETED', 'b', 4),
          event('ADDED', 'b', 1),
          listEnd(5),
          bookmark(6),
        ],
      },
    ])
    expect(
      [...store.values()].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ''}`),
    ).toEqual(['a@3'])
  })

  it('leaves room for others while it takes thousands of objects', async () => {
    let turns = 0
    const count = () => {
      turns += 1
      if (store.size === 0) setImmediate(count)
    }
    setImmediate(count)
    const names = Array.from({ length: 5_000 }, (_, index) => `thing-${index}`)
    await play([
      {
        parts: [
          [...names.map((name, index) => event('ADDED', name, index + 1)), listEnd(6_000)].join(''),
          bookmark(6_001),
        ],
      },
    ])
    expect(store.size).toBe(5_000)
    expect(turns).toBeGreaterThan(20)
  })

  it('lets only the last word of the initial events count', async () => {
    await play([
      {
        parts: [
          event('ADDED', 'a', 1),
          event('ADDED', 'b', 2),
          event('DELETED', 'a', 3),
          listEnd(5),
          bookmark(6),
        ],
      },
    ])
    expect(changes).toEqual(['added b at first'])
  })

  it('goes on where it was after a reset, and takes events twice for once', async () => {
    const { server } = await play([
      { parts: [...first('a'), event('MODIFIED', 'a', 11), new Error('read ECONNRESET')] },
      { parts: [event('MODIFIED', 'a', 11), event('MODIFIED', 'a', 9), event('ADDED', 'b', 12)] },
    ])
    expect(server.watches.map((query) => query['resourceVersion'])).toEqual([undefined, '11', '12'])
    expect(changes).toEqual(['added a at first', 'updated a', 'added b'])
  })

  it('asks again for what was cut off or malformed', async () => {
    const half = event('ADDED', 'b', 11).slice(0, 30)
    const { server } = await play([
      { parts: [...first('a'), half] },
      { parts: ['garbage\n'] },
      { parts: [event('ADDED', 'b', 11)] },
    ])
    expect(server.watches.slice(1, 3).map((query) => query['resourceVersion'])).toEqual(['10', '10'])
    expect(changes).toEqual(['added a at first', 'added b'])
  })

  it.each<[string, WatchScript]>([
    ['in a watch', { parts: [failure(410, 'Expired')] }],
    ['in an answer', { refuse: new ApiError(410, { kind: 'Status', reason: 'Gone' }) }],
    ['by its reason only', { parts: [failure(500, 'Expired')] }],
  ])('lists again when told that its version is too old, %s', async (_where, gone) => {
    const { server } = await play([
      { parts: [...first('stays', 'goes'), bookmark(15)] },
      gone,
      { parts: [event('ADDED', 'stays', 1), event('ADDED', 'comes', 20), listEnd(21), bookmark(22)] },
    ])
    expect(server.watches[2]).toMatchObject({ sendInitialEvents: 'true' })
    expect(changes.slice(2)).toEqual(['deleted goes at first', 'added comes at first'])
  })

  it('lists in pages where lists cannot be streamed, and asks only once whether they can', async () => {
    const pages: Readonly<Record<string, object>> = {
      first: {
        metadata: { resourceVersion: '7', continue: 'more' },
        items: [{ metadata: { name: 'a', uid: '1', resourceVersion: '1' } }],
      },
      more: {
        metadata: { resourceVersion: '7' },
        items: [{ metadata: { name: 'b', uid: '2', resourceVersion: '2' } }],
      },
    }
    const scripts = [
      { refuse: new ApiError(422, { kind: 'Status', reason: 'Invalid' }) },
      { parts: [failure(410, 'Expired')] },
      { parts: [bookmark(8)] },
    ]
    const api = fakeApi(scripts, ({ query }) => pages[query?.['continue'] ?? 'first'])
    await play(scripts, {}, api)
    expect(api.calls.map(({ query }) => query?.['continue'])).toEqual([undefined, 'more', undefined, 'more'])
    expect(api.watches.filter((query) => 'sendInitialEvents' in query)).toHaveLength(1)
    expect(api.watches[1]).toMatchObject({ resourceVersion: '7' })
    expect([...store.values()].map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Thing a',
      'Thing b',
    ])
  })

  it('falls back to pages when the streaming list ends without its last word', async () => {
    const scripts = [{ parts: [event('ADDED', 'a', 1)] }]
    const api = fakeApi(scripts, () => ({ metadata: { resourceVersion: '7' }, items: [] }))
    const { reflector } = await play(scripts, {}, api)
    expect(api.calls).toHaveLength(1)
    expect(reflector.isSynced).toBe(true)
  })

  it('tries streaming lists again after one that was cut short, and gives up after the second', async () => {
    const cut = { parts: [event('ADDED', 'a', 1)] }
    const gone = { parts: [failure(410, 'Expired')] }
    const scripts = [cut, gone, cut, gone, gone]
    const api = fakeApi(scripts, () => ({ metadata: { resourceVersion: '7' }, items: [] }))
    await play(scripts, {}, api)
    expect(api.watches.map((query) => 'sendInitialEvents' in query)).toEqual([
      true,
      false,
      true,
      false,
      false,
      false,
    ])
  })

  it('forgives a streaming list that was cut short once another one came to its end', async () => {
    const cut = { parts: [event('ADDED', 'a', 1)] }
    const gone = { parts: [failure(410, 'Expired')] }
    const scripts = [cut, gone, { parts: [...first('a'), failure(410, 'Expired')] }, cut, gone]
    const api = fakeApi(scripts, () => ({ metadata: { resourceVersion: '7' }, items: [] }))
    await play(scripts, {}, api)
    expect(api.watches.map((query) => 'sendInitialEvents' in query)).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ])
  })

  it('holds nothing of an object but what is kept of it while a list is under way', async () => {
    const projected: string[] = []
    store = new Store((raw) => {
      projected.push(raw.metadata.name)
      return raw
    })
    const page = (name: string) => ({ metadata: { name, uid: name, resourceVersion: '1' } })
    const scripts = [{ refuse: new ApiError(422, undefined) }, { parts: [bookmark(8)] }]
    let atSecondPage: readonly string[] = []
    const api = fakeApi(scripts, ({ query }) => {
      if (query?.['continue'] === undefined)
        return { metadata: { resourceVersion: '7', continue: 'more' }, items: [page('a')] }
      atSecondPage = [...projected]
      return { metadata: { resourceVersion: '7' }, items: [page('b')] }
    })
    await play(scripts, {}, api)
    expect(atSecondPage).toEqual(['a'])
    expect(projected).toEqual(['a', 'b'])
  })

  it('does not wait for the answer to a watch as long as for the next event', async () => {
    await play([{ parts: [...first('a'), bookmark(11)] }, { unanswered: true }], { openingMs: 20 })
    expect(faults.map(String)).toEqual(['Error: a watch was not answered within 0.02 s'])
  })

  it('notices a connection over which nothing comes', async () => {
    await play([{ parts: [...first('a'), HANG] }], { inactivityMs: 30 })
    expect(String(faults[0])).toContain('nothing came over a watch')
  })

  it('waits as long as a busy server asks for', async () => {
    const startedAt = performance.now()
    await play([{ refuse: new ApiError(429, undefined, 100) }])
    // A lower bound, not a measurement.
    expect(performance.now() - startedAt).toBeGreaterThan(95)
  })

  it('tries at once when it hears that the server was reached', async () => {
    const down = { refuse: new ApiError(503, undefined) }
    const hour = { firstBackoffMs: 3_600_000, longestBackoffMs: 3_600_000 }
    const server = fakeApi([down, { parts: [...first('a'), bookmark(11), HANG] }])
    const { reflector } = await play([], hour, server)
    while (faults.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    reflector.tryNow()
    await reflector.synced
    expect(server.watches).toHaveLength(2)
  })

  it('keeps the pause that the server asked for, whoever reached it', async () => {
    const startedAt = performance.now()
    const server = fakeApi([{ refuse: new ApiError(429, undefined, 100) }])
    const { reflector } = await play([], {}, server)
    const eager = setInterval(() => {
      reflector.tryNow()
    }, 5)
    while (server.watches.length < 2) await new Promise((resolve) => setImmediate(resolve))
    clearInterval(eager)
    expect(performance.now() - startedAt).toBeGreaterThan(95)
  })

  it('tells that the server was reached after a fault, and only then', async () => {
    const reached: number[] = []
    const server = fakeApi([
      { parts: [...first('a'), bookmark(11)] },
      { parts: [bookmark(12), new Error('reset')] },
      { parts: [bookmark(13)] },
      { parts: [bookmark(14)] },
    ])
    await play(
      Array(4).fill({}) as WatchScript[],
      { onReached: () => reached.push(server.watches.length) },
      server,
    )
    expect(reached).toEqual([3])
  })

  it('takes a watch that ends at once for a fault', async () => {
    await play([{ parts: first('a') }, { parts: [] }, { parts: [] }])
    expect(faults.map(String)).toEqual(Array(2).fill('Error: a watch of things ended at once'))
  })

  it('tries for ever, however often it fails', async () => {
    const { reflector } = await play([
      ...Array.from({ length: 50 }, () => ({ refuse: new ApiError(503, undefined) })),
      { parts: [...first('a'), bookmark(11)] },
    ])
    expect(faults).toHaveLength(50)
    expect(reflector.isSynced).toBe(true)
  })
})

describe('a kind whose definition may be missing', () => {
  const missing = { refuse: new ApiError(404, undefined) }
  const told: boolean[] = []
  const optional: Partial<ReflectorOptions> = {
    resource: { ...THING, optional: true },
    absentMs: 1,
    onServed: (served) => told.push(served),
  }
  beforeEach(() => {
    told.length = 0
  })

  it('is known to be none, without a fault, and found when it comes', async () => {
    const { reflector } = await play([missing, missing], optional)
    expect([reflector.isSynced, reflector.isServed, faults]).toEqual([true, false, []])
    stop.abort()
    await running
    stop = new AbortController()
    const later = await play([missing, { parts: [...first('a'), bookmark(20)] }], optional)
    expect(later.reflector.isServed).toBe(true)
    expect(changes).toEqual(['added a at first'])
    expect(told).toEqual([false, false, true])
  })

  it('is gone with its objects, those that were just written too, when the definition goes', async () => {
    const written = JSON.parse(event('ADDED', 'b', 15)) as { object: KubernetesObject }
    const api = fakeApi([{ parts: first('a') }, missing])
    await play(
      [{ parts: first('a') }, missing],
      {
        ...optional,
        transport: {
          ...api,
          stream: (path, query, signal) => {
            if (api.watches.length === 1) store.overlay(written.object)
            return api.stream(path, query, signal)
          },
        },
      },
      api,
    )
    expect(changes).toEqual(['added a at first', 'deleted a', 'deleted b'])
    expect(store.size).toBe(0)
    expect(told).toEqual([true, false])
  })

  it('is a fault of the server when it is one that every server has', async () => {
    const { reflector } = await play([missing])
    expect(reflector.isSynced).toBe(false)
    expect(faults).toHaveLength(1)
  })
})
