/** What spec.monitoring asks for, as objects of the cluster. */
import type { MonitoringSpec } from '../../../../crds/schema/monitoring.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { OwnedKind } from '../../vocabulary/kinds.ts'
import type { Sender } from '../snapshot.ts'
import { RELEASE } from '../../../../crds/release.ts'
import { ConfigMap, PrometheusRule, ServiceMonitor } from '../../vocabulary/kinds.ts'
import { INSTANCE } from '../../vocabulary/labels.ts'
import { selectorLabels } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { alertGroups } from './alerts/index.ts'
import { thresholdsOf } from '../parts/thresholds.ts'
import { dashboardsOf } from './dashboards.ts'

/** One of them, wished or not. */
export interface Part {
  readonly resource: OwnedKind
  readonly name: string
  /** Unset: it is not asked for. Dashboards are large: what needs their names alone makes none. */
  readonly make?: () => KubernetesObject
}

const WORKER = 'worker'
const MONITORING = 'monitoring'

export function partsOf(sender: Sender): readonly Part[] {
  const { serviceMonitor, rules, dashboards } = sender.spec.monitoring ?? {}
  const scraped = metadata(sender, WORKER)
  const judged = metadata(sender, MONITORING, 'alerts')
  const shown = metadata(sender, MONITORING, 'dashboards')
  return [
    part(ServiceMonitor, scraped.name, serviceMonitor && (() => monitorOf(sender, serviceMonitor))),
    part(PrometheusRule, judged.name, rules && (() => rulesOf(sender, rules))),
    part(ConfigMap, shown.name, dashboards && (() => dashboardMap(sender, dashboards))),
  ]
}

const part = (resource: OwnedKind, name: string, make: Part['make']): Part => ({
  resource,
  name,
  ...(make && { make }),
})

const selectorOf = ({ namespace, name }: Sender) => ({ namespace, batchsender: name })

type Metadata = ReturnType<typeof metadata>
const labelled = (own: Metadata, labels: Readonly<Record<string, string>>): Metadata => ({
  ...own,
  labels: { ...labels, ...own.labels },
})

/** The Service has the name of the BatchSender as a label, and Prometheus forgets labels that it is not told to keep. */
export const NAMED = {
  sourceLabels: [`__meta_kubernetes_service_label_${INSTANCE.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`],
  targetLabel: 'batchsender',
  action: 'replace',
}

/** The port that serves metrics is open to whom `spec.network.monitoring` names. */
function monitorOf(
  sender: Sender,
  { interval = '30s', labels = {} }: NonNullable<MonitoringSpec['serviceMonitor']>,
) {
  return {
    apiVersion: ServiceMonitor.apiVersion,
    kind: ServiceMonitor.kind,
    metadata: labelled(metadata(sender, WORKER), labels),
    spec: {
      selector: { matchLabels: selectorLabels(sender, WORKER) },
      endpoints: [{ port: 'internal', path: '/metrics', interval, relabelings: [NAMED] }],
    },
  }
}

function rulesOf(sender: Sender, { labels = {}, runbookBaseUrl }: NonNullable<MonitoringSpec['rules']>) {
  return {
    apiVersion: PrometheusRule.apiVersion,
    kind: PrometheusRule.kind,
    metadata: labelled(metadata(sender, MONITORING, 'alerts'), labels),
    spec: {
      groups: alertGroups({
        selector: selectorOf(sender),
        thresholds: thresholdsOf(sender.spec),
        runbookBaseUrl: runbookBaseUrl ?? `${RELEASE.docsUrl}/runbooks`,
      }),
    },
  }
}

function dashboardMap(
  sender: Sender,
  { labels = { grafana_dashboard: '1' }, annotations }: NonNullable<MonitoringSpec['dashboards']>,
) {
  return {
    apiVersion: ConfigMap.apiVersion,
    kind: ConfigMap.kind,
    metadata: {
      ...labelled(metadata(sender, MONITORING, 'dashboards'), labels),
      ...(annotations && { annotations }),
    },
    data: filesOf(sender),
  }
}

/** One pass needs them more than once; they go with what it saw. */
const printed = new WeakMap<Sender, Readonly<Record<string, string>>>()

function filesOf(sender: Sender): Readonly<Record<string, string>> {
  const files = printed.get(sender) ?? dashboardsOf(selectorOf(sender))
  printed.set(sender, files)
  return files
}
