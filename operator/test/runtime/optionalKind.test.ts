/** A kind whose definition is not there when the operator starts, comes, goes, and comes again. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Resource } from '../../src/runtime/object.ts'
import { Applier } from '../../src/runtime/apply.ts'
import { Controller } from '../../src/runtime/controller.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { definitionOf, DEFINITIONS, Harness, ownerOf, SILENT, until, WIDGET } from './harness.ts'

const GADGET: Resource = {
  apiVersion: 'late.example/v1',
  kind: 'Gadget',
  plural: 'gadgets',
  namespaced: true,
  optional: true,
}

let harness: Harness
beforeAll(async () => {
  harness = await Harness.start()
})
afterAll(() => harness.stop())

it('keeps nobody waiting, and its object is written once there can be one', async () => {
  const namespace = await harness.namespace()
  await harness.widget(namespace)
  const transport = await harness.transportAs('optional')
  const stop = new AbortController()
  const controller: Controller = new Controller({
    name: 'widgets',
    transport,
    primary: WIDGET,
    watches: [{ resource: GADGET, labelSelector: 'app=test' }],
    namespaces: [namespace],
    metrics: createMetrics(),
    log: SILENT,
    async reconcile(key, signal) {
      const widget = controller.store(WIDGET).get(key)
      if (!widget || !controller.isServed(GADGET)) return {}
      const { apiVersion, kind } = GADGET
      const metadata = {
        name: 'child',
        namespace,
        labels: { app: 'test' },
        ownerReferences: [ownerOf(widget)],
      }
      await applier.apply(GADGET, { apiVersion, kind, metadata }, ownerOf(widget), signal)
      return {}
    },
  })
  const applier = new Applier({
    transport,
    fieldManager: 'optional-test',
    storeOf: (resource) => controller.store(resource),
  })
  const isThere = () =>
    harness.get(GADGET, namespace, 'child').then(
      () => true,
      () => false,
    )
  await controller.startCaches(stop.signal)
  expect([controller.isSynced, controller.isServed(GADGET)]).toEqual([true, false])
  const work = controller.work(stop.signal)

  for (const time of ['first', 'second']) {
    await harness.post(DEFINITIONS, definitionOf(GADGET))
    await until(`the gadget is there for the ${time} time`, isThere, 90_000)
    await harness.transport.request({ method: 'DELETE', path: `${DEFINITIONS}/gadgets.late.example` })
    await until('the kind is gone', () => !controller.isServed(GADGET), 90_000)
    expect(controller.store(GADGET).size).toBe(0)
  }
  stop.abort()
  await work
})
