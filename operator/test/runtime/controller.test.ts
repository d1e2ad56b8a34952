/** A small operator made of the whole runtime: a ConfigMap and a status for every widget. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { Applier } from '../../src/runtime/apply.ts'
import { Controller } from '../../src/runtime/controller.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { writeStatus } from '../../src/runtime/statusWriter.ts'
import { CONFIG_MAP, Harness, ownerOf, SILENT, until, WIDGET } from './harness.ts'

const MANY = 40

interface Running {
  readonly user: string
  readonly controller: Controller
  readonly passes: readonly string[]
  readonly errors: readonly object[]
  stop(): Promise<void>
}

let harness: Harness
let namespace: string
let running: Running[]
let started = 0

beforeAll(async () => {
  harness = await Harness.start()
})
afterAll(async () => {
  await harness.stop()
})
beforeEach(async () => {
  namespace = await harness.namespace()
  running = []
})
afterEach(async () => {
  for (const each of running) await each.stop()
})

const childOf = (widget: KubernetesObject): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `${widget.metadata.name}-child`,
    namespace,
    labels: { app: 'test' },
    ownerReferences: [ownerOf(widget)],
  },
  data: { size: String((widget['spec'] as { size?: number } | undefined)?.size ?? 0) },
})

async function operator(): Promise<Running> {
  started += 1
  const user = `operator-${started}`
  const transport = await harness.transportAs(user)
  const stop = new AbortController()
  const passes: string[] = []
  const errors: object[] = []
  const controller: Controller = new Controller({
    name: 'widgets',
    transport,
    primary: WIDGET,
    watches: [{ resource: CONFIG_MAP, labelSelector: 'app=test' }],
    namespaces: [namespace],
    metrics: createMetrics(),
    log: { ...SILENT, error: (fields) => errors.push(fields) },
    async reconcile(key, signal) {
      passes.push(key)
      const store = controller.store(WIDGET)
      const widget = store.get(key)
      if (!widget || widget.metadata.deletionTimestamp !== undefined) return {}
      const outcome = await applier.apply(CONFIG_MAP, childOf(widget), ownerOf(widget), signal)
      const status = { phase: outcome.state === 'foreign' ? 'Taken' : 'Ready' }
      await writeStatus(
        { transport, resource: WIDGET, store, fieldManager: 'status' },
        widget,
        status,
        signal,
      )
      return {}
    },
  })
  const applier = new Applier({ transport, fieldManager: 'test', storeOf: (kind) => controller.store(kind) })
  await controller.startCaches(stop.signal)
  const working = controller.work(stop.signal)
  const each: Running = {
    user,
    controller,
    passes,
    errors,
    async stop() {
      stop.abort()
      await working
    },
  }
  running.push(each)
  return each
}

const names = Array.from({ length: MANY }, (_, index) => `w${index}`)
const createMany = () => Promise.all(names.map((name) => harness.widget(namespace, name)))
const areReady = ({ controller }: Running) =>
  names.every((name) => {
    const status = controller.store(WIDGET).get(`${namespace}/${name}`)?.['status'] as
      { phase?: string } | undefined
    return (
      status?.phase === 'Ready' &&
      controller.store(CONFIG_MAP).get(`${namespace}/${name}-child`) !== undefined
    )
  })
const get = (name: string) => harness.get(CONFIG_MAP, namespace, `${name}-child`).catch(() => undefined)

describe('a small operator', () => {
  it('writes each child and each status once, and reads nothing but its watches', async () => {
    const first = await operator()
    await createMany()
    await until('all are ready', () => areReady(first))
    const requests = (await harness.requestsOf(first.user)).filter(({ verb }) => verb !== 'watch')
    expect(requests.filter(({ objectRef }) => objectRef?.resource === 'configmaps')).toHaveLength(MANY)
    expect(requests.filter(({ objectRef }) => objectRef?.subresource === 'status')).toHaveLength(MANY)
    expect(requests).toHaveLength(2 * MANY)
    expect(first.errors).toEqual([])
  })

  it('asks for two watches and nothing else when it starts again over what is good', async () => {
    await createMany()
    const first = await operator()
    await until('all are ready', () => areReady(first))
    await first.stop()
    const second = await operator()
    await until('all were looked at', () => new Set(second.passes).size === MANY)
    await second.stop()
    expect((await harness.requestsOf(second.user)).map(({ verb }) => verb)).toEqual(['watch', 'watch'])
  })

  it('heals what is deleted and what is edited, and an owner taken away', async () => {
    const { errors } = await operator()
    await harness.widget(namespace, 'one')
    await until('the child is there', async () => (await get('one')) !== undefined)

    await harness.remove(CONFIG_MAP, namespace, 'one-child')
    await until('the child is back', async () => (await get('one')) !== undefined)

    await harness.edit(CONFIG_MAP, namespace, 'one-child', { data: { size: '99' } })
    await until(
      'the edit is undone',
      async () =>
        (await get('one'))?.['data'] !== undefined &&
        JSON.stringify((await get('one'))?.['data']) === '{"size":"0"}',
    )

    await harness.edit(CONFIG_MAP, namespace, 'one-child', { metadata: { labels: null } })
    await until('the labels are back', async () => (await get('one'))?.metadata.labels?.['app'] === 'test')
    expect(errors).toEqual([])
  })

  it('does not answer to what others write beside its own', async () => {
    const { controller, user } = await operator()
    await harness.widget(namespace, 'one')
    await until('the child is there', async () => (await get('one')) !== undefined)
    const before = await harness.writesOf(user)
    for (let round = 0; round < 20; round += 1)
      await harness.edit(CONFIG_MAP, namespace, 'one-child', {
        metadata: { annotations: { round: `${round}` } },
      })
    const noted = () =>
      controller.store(CONFIG_MAP).get(`${namespace}/one-child`)?.metadata.annotations?.['round']
    await until('the last one was seen', () => noted() === '19')
    expect(await harness.writesOf(user)).toHaveLength(before.length)
  })

  it('follows a change of the spec, and is not stirred by its own status', async () => {
    const { passes } = await operator()
    await harness.widget(namespace, 'one')
    await until('the child is there', async () => (await get('one')) !== undefined)
    await harness.edit(WIDGET, namespace, 'one', { spec: { size: 7 } })
    await until('it follows', async () => JSON.stringify((await get('one'))?.['data']) === '{"size":"7"}')
    // One for the object, one for the new spec; the child's creation may be told of before its answer is read.
    expect(passes.length).toBeLessThanOrEqual(4)
  })

  it('leaves a foreign object under its name alone, says so, and takes the name when it is free', async () => {
    const foreign = await harness.post(`/api/v1/namespaces/${namespace}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one-child', namespace },
      data: { theirs: 'x' },
    })
    const { controller } = await operator()
    await harness.widget(namespace, 'one')
    const phase = () =>
      (controller.store(WIDGET).get(`${namespace}/one`)?.['status'] as { phase?: string } | undefined)?.phase
    await until('it says so', () => phase() === 'Taken')
    expect(await get('one')).toEqual(foreign)
    await harness.remove(CONFIG_MAP, namespace, 'one-child')
    controller.enqueue(`${namespace}/one`)
    await until('it took the name', () => phase() === 'Ready')
  })
})
