/**
 * The whole way of an alert: a worker whose SMTP server goes away, a Prometheus with our rules, an Alertmanager, and
 * whoever it calls. And every expression of the dashboards, asked of that Prometheus.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { filled } from '../../hack/generate/monitoring/dashboards/board.ts'
import { BOARDS } from '../../hack/generate/monitoring/dashboards/index.ts'
import {
  startAlertmanager,
  startReceiver,
  type AlertmanagerServer,
  type Receiver,
} from '../../hack/servers/prometheus/alertmanager.ts'
import { startPrometheus, watching, type PrometheusServer } from '../../hack/servers/prometheus/prometheus.ts'
import { alertGroups } from '../../operator/src/components/monitoring/alerts/index.ts'
import { thresholdsOf } from '../../operator/src/components/parts/thresholds.ts'
import { isFinished, startRig, type Rig, type WorkerProcess } from './rig.ts'
import { until } from './until.ts'

const WHO = { namespace: 'mail', batchsender: 'orders' }
const RUNBOOKS = 'https://docs.example.com/runbooks'
/** Seconds, so that nobody waits a quarter of an hour; what is compared with them is real. */
const THRESHOLDS = { ...thresholdsOf(), providerAwaySeconds: 5 }

let rig: Rig
let worker: WorkerProcess
let receiver: Receiver
let alertmanager: AlertmanagerServer
let prometheus: PrometheusServer

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker({ workerName: 'orders-worker' })
  receiver = await startReceiver()
  alertmanager = await startAlertmanager(
    stringify({
      route: { receiver: 'on-call', group_by: ['...'], group_wait: '0s', group_interval: '1s' },
      receivers: [{ name: 'on-call', webhook_configs: [{ url: receiver.url }] }],
    }),
  )
  const groups = alertGroups({ selector: WHO, thresholds: THRESHOLDS, runbookBaseUrl: RUNBOOKS })
  const labels = { ...WHO, pod: 'orders-worker-1' }
  prometheus = await startPrometheus({
    configuration: watching(
      [{ job: 'orders-worker', address: new URL(worker.internal).host, labels }],
      alertmanager.address,
    ),
    rules: stringify({ groups }, { aliasDuplicateObjects: false }),
  })
})
afterAll(async () => {
  await prometheus.stop()
  await alertmanager.stop()
  await receiver.stop()
  await rig.stop()
})

const told = (status: string, alert = 'ProviderAway') =>
  receiver
    .notified()
    .find((one) => one.status === status && one.labels['alertname'] === `BatchSender${alert}`)

it('a mail server that is gone calls whoever is on call, with its runbook, and calls off when it is back', async () => {
  await rig.sink.kill()
  const id = await worker.accept(50)
  const fired = await until(() => Promise.resolve(told('firing')), Boolean)
  expect(fired).toMatchObject({
    labels: { ...WHO, severity: 'critical', provider: 'smtp' },
    annotations: {
      summary: 'The mail provider takes nothing.',
      description: expect.stringMatching(
        /^The provider smtp of mail\/orders has been closed for \d+/,
      ) as string,
      runbook_url: `${RUNBOOKS}/provider-away`,
    },
  })
  await rig.sink.start()
  await until(() => worker.batch(id), isFinished)
  await until(() => Promise.resolve(told('resolved')), Boolean)
})

/** What does not happen here: no webhooks, no pause, no metrics of others. */
const NOTHING_HERE = [/^kube_|kube_pod/, /batchsender_webhooks_total/, /batches_paused_total/]
/** The operator, who tells some of them, is not here. */
const isOfOperator = async (expression: string) => {
  const text = await (await fetch(`${worker.internal}/metrics`)).text()
  const names = expression.match(/\bbatchsender_[a-z0-9_]+/g) ?? []
  return names.some((name) => !text.includes(`# TYPE ${name.replace(/_(bucket|count|sum)$/, '')} `))
}

describe('every expression of the dashboards', () => {
  const ofObject = BOARDS.filter((board) => board.of === 'object')
  const panels = ofObject.flatMap(({ key, rows }) =>
    rows.flatMap((row) => row.panels.map((panel) => [`${key}: ${panel.title}`, panel] as const)),
  )
  it.each(panels)('%s shows something', async (_, { queries }) => {
    for (const { expr } of queries) {
      const expression = filled(expr)
        .replaceAll('$__rate_interval', '1m')
        .replaceAll('$namespace', WHO.namespace)
        .replaceAll('$batchsender', WHO.batchsender)
      if (NOTHING_HERE.some((pattern) => pattern.test(expression)) || (await isOfOperator(expression))) {
        await prometheus.query(expression)
        continue
      }
      // A rate needs two samples of what has just begun.
      await until(
        () => prometheus.query(expression),
        (series) => series.length > 0,
      )
    }
  })
})

it('a database that is away, so that requests fail, calls whoever is on call', async () => {
  await rig.postgres.kill()
  const asked = async () => {
    await worker.get('/v1/batches').catch(() => undefined)
    return told('firing', 'ErrorBudgetBurn')
  }
  const fired = await until(asked, Boolean)
  expect(fired?.annotations).toMatchObject({
    description: expect.stringMatching(/^[\d.]+% of the requests to the API of mail\/orders fail/) as string,
    runbook_url: `${RUNBOOKS}/error-budget-burn`,
  })
  await rig.postgres.start()
})
