/** Who says how many workers there are. No autoscaler runs here: the test writes the scale as one would. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Harness } from './harness.ts'

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

const worker = (more: object) => ({ worker: { ...cluster.batchSender().spec.worker, ...more } })
const autoscaling = { minReplicas: 2, maxReplicas: 10 }

const patchWorker = (patch: object) =>
  cluster.inNamespace([
    'patch',
    'bs',
    'orders',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { worker: patch } }),
  ])

async function replicas(): Promise<number | undefined> {
  const live = await cluster.get('deployment', 'orders-worker')
  return (live?.['spec'] as { replicas?: number } | undefined)?.replicas
}

const untilReplicas = (wanted: number) =>
  cluster.eventually(`${wanted} replicas`, async () => ((await replicas()) === wanted ? true : undefined))

/** As the HorizontalPodAutoscaler's controller does. */
const scaleTo = (count: number) =>
  cluster.inNamespace([
    'patch',
    'deployment',
    'orders-worker',
    '--subresource=scale',
    '--type=merge',
    '--field-manager=kube-controller-manager',
    '-p',
    JSON.stringify({ spec: { replicas: count } }),
  ])

describe('the API server', () => {
  it.each([
    { why: 'replicas and autoscaling', given: { replicas: 3, autoscaling }, says: /remove one of them/ },
    {
      why: 'a range that is upside down',
      given: { autoscaling: { minReplicas: 5, maxReplicas: 4 } },
      says: /minReplicas must not be above maxReplicas/,
    },
    {
      why: 'two kinds of target',
      given: { autoscaling: { ...autoscaling, targetCpuPercent: 50, metrics: [] } },
      says: /put the CPU among the metrics/,
    },
  ])('refuses $why', async ({ given, says }) => {
    await expect(cluster.apply(cluster.batchSender(worker(given)))).rejects.toThrow(says)
  })
})

describe('the number of workers', () => {
  it('is handed to an autoscaler, left to it, and taken back', async () => {
    await cluster.applySecrets()
    await cluster.apply(cluster.batchSender(worker({ replicas: 4 })))
    await cluster.completeMigration()
    await cluster.eventually('the Deployment', () => cluster.get('deployment', 'orders-worker'))

    await patchWorker({ replicas: null, autoscaling })
    const autoscaler = await cluster.eventually('the autoscaler', () =>
      cluster.get('horizontalpodautoscaler', 'orders-worker'),
    )
    expect(autoscaler['spec']).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'orders-worker' },
      ...autoscaling,
    })
    await cluster.settled()
    expect(await replicas()).toBe(4)

    await scaleTo(7)
    await cluster.settled()
    await patchWorker({ podAnnotations: { 'example.com/roll': '1' } })
    await cluster.eventually('another template', async () =>
      JSON.stringify(await cluster.get('deployment', 'orders-worker')).includes('example.com/roll')
        ? true
        : undefined,
    )
    await sleep(1_000)
    expect(await replicas()).toBe(7)
    expect((await cluster.status()).summary?.workers).toBe('0/7')
    expect((await cluster.status()).evidence?.contested ?? []).toEqual([])

    await patchWorker({ autoscaling: null })
    await untilReplicas(2)
    expect(await cluster.get('horizontalpodautoscaler', 'orders-worker')).toBeUndefined()
  })

  it('is put back when a hand changes it and no autoscaler was asked for', async () => {
    await cluster.bringUp()
    await scaleTo(9)
    await untilReplicas(2)
  })
})
