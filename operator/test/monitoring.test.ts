/** The ServiceMonitor, a kind that a cluster may not have, or get later. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { serviceMonitorDefinition } from '../../hack/servers/serviceMonitors.ts'
import { condition, Harness } from './harness.ts'

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

const monitor = () => cluster.get('servicemonitor', 'orders-worker')
const untilThere = (what: string) => cluster.eventually(what, monitor)
const untilGone = (what: string) =>
  cluster.eventually(what, async () => ((await monitor()) === undefined ? true : undefined))
const edit = (monitoring: object) =>
  cluster.api.patch(
    { kind: 'batchsender', namespace: cluster.namespace, name: 'orders' },
    { spec: { monitoring } },
  )

it('is written once its definition is installed, healed, and gone with the wish for it', async () => {
  await cluster.bringUp()
  const before = condition(await cluster.status(), 'MonitoringReady')
  expect(before).toMatchObject({ status: 'True', reason: 'NotConfigured' })

  await edit({ serviceMonitor: { labels: { release: 'prometheus' } } })
  const { message } = await cluster.untilCondition('MonitoringReady', 'True', 'NotInstalled')
  expect(message).toMatch(/written as soon as it has/)

  await cluster.api.apply(await serviceMonitorDefinition())
  const made = await untilThere('the ServiceMonitor')
  expect(made).toMatchObject({
    metadata: { labels: { release: 'prometheus' } },
    spec: { endpoints: [{ port: 'internal', path: '/metrics', interval: '30s' }] },
  })
  await cluster.untilCondition('MonitoringReady', 'True', 'Applied')
  await cluster.settled()
  const writes = (await cluster.operatorWrites()).filter((write) => write.includes('servicemonitors/'))
  expect(writes).toHaveLength(1)

  await cluster.inNamespace(['delete', 'servicemonitor', 'orders-worker'])
  const healed = await untilThere('another ServiceMonitor')
  expect(healed.metadata.uid).not.toBe(made.metadata.uid)
  expect(healed['spec']).toEqual(made['spec'])

  await edit({ serviceMonitor: null })
  await untilGone('the ServiceMonitor that nobody wants')
  await cluster.untilCondition('MonitoringReady', 'True', 'NotConfigured')
})
