/** The cache against a real API server, over a network that fails in every way. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../src/runtime/store.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import type { Transport } from '../../src/runtime/transport.ts'
import { startTcpProxy, type TcpProxy } from '../../../hack/servers/tcpProxy.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { Reflector, type ReflectorOptions } from '../../src/runtime/reflector.ts'
import { Store } from '../../src/runtime/store.ts'
import { CONFIG_MAP, Harness, until } from './harness.ts'

let harness: Harness
let proxy: TcpProxy
let transport: Transport
let namespace: string
let store: Store
let changes: string[]
let faults: string[]
let stop: AbortController
let running: Promise<void> | undefined

beforeAll(async () => {
  harness = await Harness.start()
  const url = new URL(harness.plane.url)
  proxy = await startTcpProxy(Number(url.port))
  transport = await harness.transportAs('watcher', `https://127.0.0.1:${proxy.port}`)
})
afterAll(async () => {
  await proxy.close()
  await harness.stop()
})
beforeEach(async () => {
  namespace = await harness.namespace()
  store = new Store()
  changes = []
  faults = []
  stop = new AbortController()
})
afterEach(async () => {
  proxy.heal()
  stop.abort()
  await running
})

async function watch(options: Partial<ReflectorOptions> = {}): Promise<Reflector> {
  const reflector = new Reflector({
    transport,
    resource: CONFIG_MAP,
    store,
    namespace,
    firstBackoffMs: 50,
    longestBackoffMs: 400,
    onChange: (change: Change) => changes.push(`${change.type} ${change.object.metadata.name}`),
    onError: (error) => faults.push(String(error)),
    ...options,
  })
  running = reflector.run(stop.signal)
  await reflector.synced
  return reflector
}

const create = (name: string, labels: Readonly<Record<string, string>> = {}): Promise<KubernetesObject> =>
  harness.post(pathOf(CONFIG_MAP, namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels },
  })
const edit = (name: string, change: object) => harness.edit(CONFIG_MAP, namespace, name, change)
const remove = (name: string) => harness.remove(CONFIG_MAP, namespace, name)
const has = (name: string) => store.get(`${namespace}/${name}`) !== undefined
const seen = (name: string) => until(`${name} is seen`, () => has(name))

describe('a reflector', () => {
  it('has the complete list when it says so, and follows from there', async () => {
    await create('a')
    await create('b')
    await watch()
    expect([...store.values()].map(({ metadata }) => metadata.name).sort()).toEqual(['a', 'b'])
    await create('c')
    await seen('c')
    await edit('a', { data: { x: '1' } })
    await until('the edit is seen', () => store.get(`${namespace}/a`)?.['data'] !== undefined)
    await remove('b')
    await until('the deletion is seen', () => !has('b'))
    expect(changes).toEqual(['added a', 'added b', 'added c', 'updated a', 'deleted b'])
    expect(faults).toEqual([])
  })

  it('lists in pages from a server that does not stream lists', async () => {
    for (let index = 0; index < 7; index += 1) await create(`item-${index}`)
    // The server's words when the feature is off.
    const old: Transport = {
      ...transport,
      request: (call) => transport.request({ ...call, query: { ...call.query, limit: '3' } }),
      stream: (path, query, signal) =>
        transport.stream(
          path,
          { ...query, ...(query['sendInitialEvents'] && { resourceVersionMatch: 'Exact' }) },
          signal,
        ),
    }
    await watch({ transport: old })
    expect(store.size).toBe(7)
    expect(faults).toHaveLength(1)
    await create('later')
    await seen('later')
  })

  it('sees an object leave its selection, and come back', async () => {
    await create('a', { app: 'test' })
    await create('b', { app: 'other' })
    await watch({ labelSelector: 'app=test' })
    expect([has('a'), has('b')]).toEqual([true, false])
    await edit('a', { metadata: { labels: { app: null } } })
    await until('it left', () => !has('a'))
    await edit('a', { metadata: { labels: { app: 'test' } } })
    await seen('a')
  })

  it('survives a reset of every connection', async () => {
    await create('a')
    await watch()
    proxy.resetAll()
    await create('b')
    await remove('a')
    await seen('b')
    await until('the deletion is seen', () => !has('a'))
    expect(changes).toEqual(['added a', 'added b', 'deleted a'])
  })

  it('survives a server that refuses every connection for a while', async () => {
    await watch()
    proxy.refuse()
    await create('a')
    await until('it tried again', () => faults.length >= 4)
    proxy.heal()
    await seen('a')
  })

  it('notices a connection over which nothing comes any more', async () => {
    await watch({ inactivityMs: 1_000 })
    proxy.swallow()
    await create('a')
    await until('it noticed', () => faults.some((fault) => fault.includes('nothing came over a watch')))
    expect(has('a')).toBe(false)
    proxy.heal()
    await seen('a')
  })

  it('does not wait for a handshake that is swallowed as long as for an event', async () => {
    await watch({ openingMs: 300, inactivityMs: 600_000 })
    proxy.swallow()
    proxy.resetAll()
    await create('a')
    await until('it gave up opening', () => faults.some((fault) => fault.includes('was not answered')))
    proxy.heal()
    await seen('a')
  })

  it('survives a restart of the API server without a change that did not happen', async () => {
    await create('a')
    await watch()
    await harness.plane.restartApiServer()
    await create('b')
    await seen('b')
    expect(changes).toEqual(['added a', 'added b'])
  })

  it('lists again when its version was compacted away, and tells only the differences', async () => {
    await create('stays')
    await create('goes')
    const replaced = await create('replaced')
    await watch()
    proxy.refuse()
    await remove('goes')
    await remove('replaced')
    await create('replaced')
    await create('comes')
    await harness.plane.compactEtcd()
    // Its cache of recent events would still serve the old version.
    await harness.plane.restartApiServer()
    proxy.heal()
    changes.length = 0
    await seen('comes')
    expect(faults.join('\n')).toMatch(/too old|compacted|expired/i)
    expect(changes.sort()).toEqual(['added comes', 'added replaced', 'deleted goes', 'deleted replaced'])
    expect(store.get(`${namespace}/replaced`)?.metadata.uid).not.toBe(replaced.metadata.uid)
  })

  it('ends when it is told to, in the middle of a watch or of a pause', async () => {
    await watch()
    stop.abort()
    await running
    stop = new AbortController()
    proxy.refuse()
    running = new Reflector({ transport, resource: CONFIG_MAP, store, onChange: () => undefined }).run(
      stop.signal,
    )
    await sleep(100)
    stop.abort()
    await running
    proxy.heal()
    await until('no connection is left', () => proxy.connections() <= 1)
  })
})
