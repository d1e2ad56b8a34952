/** Prometheus, Alertmanager, kube-state-metrics and whoever they call, on this machine, for one namespace of the local cluster. */
import { stringify } from 'yaml'
import type { Cluster } from '../../cluster/cluster.ts'
import type { Notified } from '../../servers/prometheus/alertmanager.ts'
import { kubeStateMetrics } from '../../peers/kubeStateMetrics.ts'
import { alertmanagerConfiguration, prometheusConfiguration } from '../../monitoring/configurations.ts'
import { rulesInCluster } from '../../monitoring/demo.ts'
import { startDiscovery } from '../../monitoring/discovery.ts'
import { ChildServer } from '../../servers/childServer.ts'
import { freePort } from '../../servers/ports.ts'
import { startAlertmanager, startReceiver } from '../../servers/prometheus/alertmanager.ts'
import { startPrometheus } from '../../servers/prometheus/prometheus.ts'
import { hastened } from '../../monitoring/hastened.ts'

/** Nobody waits for ten minutes in a test; `operator/test/alerts.test.ts` proves the rules at their own pace. */
const FACTOR = 5

export interface Watch {
  /** All that came to whoever is on call, the newest last. */
  notified(): readonly Notified[]
  /** Whether Prometheus holds that an alert fires now. @param alert without its first word */
  fires(alert: string, labels?: Readonly<Record<string, string>>): Promise<boolean>
  stop(): Promise<void>
}

export async function startWatch(cluster: Cluster, namespace: string): Promise<Watch> {
  const pods = await startKubeStateMetrics(cluster, namespace)
  const receiver = await startReceiver()
  const alertmanager = await startAlertmanager(stringify(await alertmanagerConfiguration(receiver.url)))
  const discovery = await startDiscovery(cluster)
  const configuration = (await prometheusConfiguration(discovery, alertmanager.address)) as {
    readonly scrape_configs: readonly object[]
  }
  const prometheus = await startPrometheus({
    configuration: {
      ...configuration,
      scrape_configs: [
        ...configuration.scrape_configs,
        {
          job_name: 'kube-state-metrics',
          honor_labels: true,
          static_configs: [{ targets: [pods.address] }],
        },
      ],
    },
    rules: stringify(
      { groups: hastened(await rulesInCluster(cluster, namespace), FACTOR) },
      { aliasDuplicateObjects: false },
    ),
  })
  return {
    notified: () => receiver.notified().filter(({ labels }) => labels['namespace'] === namespace),
    fires: async (alert, labels = {}) => {
      const all = { alertname: `BatchSender${alert}`, namespace, alertstate: 'firing', ...labels }
      const matchers = Object.entries(all).map(([name, value]) => `${name}="${value}"`)
      return (await prometheus.query(`ALERTS{${matchers.join(',')}}`)).length > 0
    },
    stop: async () => {
      discovery.stop()
      await Promise.all([prometheus.stop(), alertmanager.stop(), receiver.stop(), pods.stop()])
    },
  }
}

async function startKubeStateMetrics(cluster: Cluster, namespace: string) {
  const [port, telemetryPort] = [await freePort(), await freePort()]
  const server = new ChildServer({
    program: await kubeStateMetrics(),
    args: [
      `--kubeconfig=${cluster.kubeconfig}`,
      `--namespaces=${namespace}`,
      '--resources=pods',
      '--host=127.0.0.1',
      `--port=${port}`,
      '--telemetry-host=127.0.0.1',
      `--telemetry-port=${telemetryPort}`,
    ],
    port,
  })
  await server.start()
  return { address: `127.0.0.1:${port}`, stop: () => server.stop() }
}
