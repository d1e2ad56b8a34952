/** ServiceMonitor and PrometheusRule, kinds that a cluster may not have, or get later, and the dashboards. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { procedure } from '../../hack/docs/procedures.ts'
import { monitoringKind } from '../../hack/servers/monitoringKinds.ts'
import { condition, Harness, ROOT } from './harness.ts'
import { terminal } from './terminal.ts'

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

const OBJECTS = [
  ['servicemonitor', 'orders-worker'],
  ['prometheusrule', 'orders-alerts'],
  ['configmap', 'orders-dashboards'],
] as const
type Kind = (typeof OBJECTS)[number][0]
const nameOf = (kind: Kind) => OBJECTS.find(([own]) => own === kind)?.[1] ?? ''

const untilThere = (kind: Kind) => cluster.eventually(kind, () => cluster.get(kind, nameOf(kind)))
const untilGone = (kind: Kind) =>
  cluster.eventually(`no ${kind}`, async () =>
    (await cluster.get(kind, nameOf(kind))) === undefined ? true : undefined,
  )
const edit = (monitoring: object) =>
  cluster.api.patch(
    { kind: 'batchsender', namespace: cluster.namespace, name: 'orders' },
    { spec: { monitoring } },
  )
const check = async () => (await cluster.status()).checks?.find(({ name }) => name === 'monitoring')
const untilChecked = (state: string) =>
  cluster.eventually(`monitoring is ${state}`, async () => {
    const found = await check()
    return found?.state === state ? found : undefined
  })

it('is written once its definitions are installed, healed, and gone with the wish for it', async () => {
  await cluster.bringUp()
  const before = condition(await cluster.status(), 'MonitoringReady')
  expect(before).toMatchObject({ status: 'True', reason: 'NotConfigured' })
  expect(await check()).toMatchObject({ state: 'NotConfigured' })

  const release = { labels: { release: 'prometheus' } }
  await edit({ serviceMonitor: release, rules: release, dashboards: {} })
  const { message } = await cluster.untilCondition('MonitoringReady', 'True', 'NotInstalled')
  expect(message).toMatch(/no ServiceMonitors and no PrometheusRules .*written as soon as it has/)
  await untilThere('configmap')
  expect(await untilChecked('Failing')).toMatchObject({ message: expect.stringMatching(/has no/) as string })

  for (const plural of ['servicemonitors', 'prometheusrules'] as const)
    await cluster.api.apply(await monitoringKind(plural))
  const monitor = await untilThere('servicemonitor')
  expect(monitor).toMatchObject({
    metadata: { labels: { release: 'prometheus' } },
    spec: { endpoints: [{ port: 'internal', path: '/metrics', interval: '30s' }] },
  })
  const rules = await untilThere('prometheusrule')
  expect(rules).toMatchObject({ metadata: { labels: { release: 'prometheus' } } })
  await cluster.untilCondition('MonitoringReady', 'True', 'Applied')
  await untilChecked('Proven')
  await cluster.settled()
  const writes = (await cluster.operatorWrites()).filter((write) =>
    /(servicemonitors|prometheusrules)\//.test(write),
  )
  expect(writes).toHaveLength(2)

  for (const kind of ['servicemonitor', 'prometheusrule'] as const)
    await cluster.inNamespace(['delete', kind, nameOf(kind)])
  const healed = await untilThere('prometheusrule')
  expect(healed.metadata.uid).not.toBe(rules.metadata.uid)
  expect(healed['spec']).toEqual(rules['spec'])
  expect((await untilThere('servicemonitor'))['spec']).toEqual(monitor['spec'])

  await edit({ serviceMonitor: null, rules: null, dashboards: null })
  for (const [kind] of OBJECTS) await untilGone(kind)
  await cluster.untilCondition('MonitoringReady', 'True', 'NotConfigured')
})

it('turns the check red while somebody has removed an alert, and green when it is put back', async () => {
  await cluster.bringUp()
  await cluster.api.apply(await monitoringKind('prometheusrules'))
  await edit({ rules: {} })
  await untilChecked('Proven')
  // Suspended, so that it is seen before it is healed.
  const suspend = (wanted: boolean) =>
    cluster.api.patch(
      { kind: 'batchsender', namespace: cluster.namespace, name: 'orders' },
      { spec: { suspend: wanted } },
    )
  await suspend(true)
  await cluster.untilCondition('Suspended', 'True', 'Suspended')
  const groups = ['patch', 'prometheusrule', 'orders-alerts', '--type=json', '-p']
  await cluster.inNamespace([...groups, '[{"op":"remove","path":"/spec/groups/0/rules/0"}]'])
  expect(await untilChecked('Failing')).toMatchObject({
    message: 'PrometheusRule orders-alerts is not as it was written',
  })
  await suspend(false)
  await untilChecked('Proven')
})

it('is there for a whole cluster, as the document says', async () => {
  for (const plural of ['servicemonitors', 'prometheusrules'] as const) {
    await cluster.api.apply(await monitoringKind(plural))
    await cluster.api.untilServed(plural)
  }
  const reader = await terminal(cluster)
  const { text } = procedure('docs/monitoring.md#cluster-monitoring')
  await reader.run(`cd '${ROOT}'\n${text}kubectl apply --server-side -k config/monitoring/objects`)
  await reader.close()
  const there = await cluster.kubectl([
    ...['-n', 'batchsender-system', 'get', '-o', 'name'],
    ...['servicemonitors,prometheusrules,services,configmaps', '-l', 'app.kubernetes.io/part-of=batchsender'],
  ])
  expect(there.trim().split('\n').sort()).toEqual([
    'prometheusrule.monitoring.coreos.com/batchsender',
    'prometheusrule.monitoring.coreos.com/batchsender-operator',
    'service/batchsender-operator-metrics',
    'servicemonitor.monitoring.coreos.com/batchsender-operator',
  ])
  const boards = ['-n', 'batchsender-system', 'get', 'configmaps', '-l', 'grafana_dashboard=1', '-o', 'name']
  expect((await cluster.kubectl(boards)).trim()).toBe('configmap/batchsender-dashboards')
})
