/**
 * `make monitoring`: Prometheus and Alertmanager on this machine beside the demo of `make run`, with the alerts that the
 * operator wrote, until it is ended. Whom Alertmanager would call is this terminal.
 */
import { createServer } from 'node:net'
import { stringify } from 'yaml'
import type { Notified } from '../servers/prometheus/alertmanager.ts'
import { startAlertmanager, startReceiver } from '../servers/prometheus/alertmanager.ts'
import { startPrometheus } from '../servers/prometheus/prometheus.ts'
import { alertmanagerConfiguration, prometheusConfiguration } from './configurations.ts'
import { askForMonitoring, rulesInCluster, runningDemo } from './demo.ts'
import { startDiscovery } from './discovery.ts'

const PORTS = { prometheus: 9090, alertmanager: 9093 }
const say = (line: string) => {
  console.log(line)
}

async function up(): Promise<void> {
  for (const port of Object.values(PORTS)) await mustBeFree(port)
  const cluster = await runningDemo()
  say('spec.monitoring of demo/orders, and this machine let in')
  await askForMonitoring(cluster)
  const groups = await rulesInCluster(cluster)
  const receiver = await startReceiver((alert) => {
    say(told(alert))
  })
  const alertmanager = await startAlertmanager(
    stringify(await alertmanagerConfiguration(receiver.url)),
    PORTS.alertmanager,
  )
  const discovery = await startDiscovery(cluster)
  const prometheus = await startPrometheus({
    configuration: await prometheusConfiguration(discovery, alertmanager.address),
    rules: stringify({ groups }, { aliasDuplicateObjects: false }),
    port: PORTS.prometheus,
  })
  say(`
Prometheus    ${prometheus.url}/classic/alerts
Alertmanager  ${alertmanager.url}/api/v2/alerts
Rules         ${groups.length} groups, ${groups.flatMap(({ rules }) => rules).length} alerts
What pages, and why: docs/alerts.md

Alerts are told here. Make one, within two minutes:
  source .run/env; $KUBECTL -n demo scale deployment smtp-sink --replicas=0
  and send a batch (README.md); --replicas=1 ends it.
Ctrl-C ends Prometheus and Alertmanager; the demo stays.`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        resolve()
      })
  })
  discovery.stop()
  await Promise.all([prometheus.stop(), alertmanager.stop(), receiver.stop()])
}

/** A server that is there already would be taken for ours. */
function mustBeFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', () => {
        reject(new Error(`port ${port} is taken: is \`make monitoring\` running already?`))
      })
      .listen(port, '127.0.0.1', () =>
        server.close(() => {
          resolve()
        }),
      )
  })
}

const told = ({ status, labels, annotations }: Notified): string =>
  `${status.padEnd(8)}  ${labels['severity'] ?? ''}  ${labels['alertname'] ?? ''}: ${annotations['description'] ?? ''}\n          ${annotations['runbook_url'] ?? ''}`

try {
  await up()
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  // What was started by then ends with this process.
  process.exit(1)
}
