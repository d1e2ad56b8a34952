/** `spec.monitoring`: what Prometheus, its alerts and Grafana are told of a BatchSender. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { RELEASE } from '../release.ts'
import { duration, matching } from './references.ts'
import { stringMap } from './structural.ts'

const labels = (description: string) =>
  Type.Optional(stringMap({ maxProperties: 16, description: `${description} Ours stand beside them.` }))

const ServiceMonitor = Type.Object(
  {
    interval: duration('spec.monitoring.serviceMonitor.interval', '30s', 'How often each worker is scraped.'),
    labels: Type.Optional(
      stringMap({
        maxProperties: 16,
        description:
          'Labels of the ServiceMonitor, by which a Prometheus chooses it, such as `release: prometheus`.',
      }),
    ),
  },
  {
    description:
      'A ServiceMonitor (monitoring.coreos.com/v1) for the metrics of the workers. It is written as soon as the cluster has that kind. Prometheus has to be in `spec.network.monitoring` to reach the workers.',
  },
)

const age = (name: string, standard: string, description: string) =>
  duration(`spec.monitoring.rules.thresholds.${name}`, standard, description)

const Thresholds = Type.Object(
  {
    errorRatePercent: Type.Optional(
      Type.Integer({
        minimum: 1,
        // More than all never fail.
        maximum: 99,
        default: 5,
        description: 'Attempts of 100 that may fail before HighErrorRate.',
      }),
    ),
    stuckBatchAge: age(
      'stuckBatchAge',
      '15m',
      'How long a batch of which mails are due may not get on before StuckBatches.',
    ),
    backlog: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000_000,
        default: 10_000,
        description: 'Wake-ups that may wait in the queue before BacklogHigh.',
      }),
    ),
    apiP95Milliseconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        // The last bucket of the histogram ends at 30 s: no quantile is above.
        maximum: 29_999,
        default: 500,
        description: 'How long 95 of 100 requests may take at most before ApiSlow.',
      }),
    ),
    providerAway: age(
      'providerAway',
      '2m',
      'How long the mail provider may be closed in a row before ProviderAway.',
    ),
    outboxAge: age(
      'outboxAge',
      '15m',
      'How long an event or an entry of the audit log may wait for ClickHouse before OutboxLate.',
    ),
  },
  { description: 'From where on alerts fire.' },
)

const Rules = Type.Object(
  {
    labels: labels(
      'Labels of the PrometheusRule, by which a Prometheus chooses it, such as `release: prometheus`.',
    ),
    runbookBaseUrl: Type.Optional(
      Type.String({
        default: `${RELEASE.docsUrl}/runbooks`,
        maxLength: 512,
        description: 'Where the runbooks are served: `runbook_url` of an alert is this, `/` and its page.',
        'x-kubernetes-validations': [
          matching(
            '^https?://[^/\\s][^\\s]*[^/\\s]$',
            'spec.monitoring.rules.runbookBaseUrl must be a URL with http or https and no / at its end',
          ),
        ],
      }),
    ),
    thresholds: Type.Optional(Thresholds),
  },
  {
    description:
      'Alerts as a PrometheusRule (monitoring.coreos.com/v1), written as soon as the cluster has that kind.',
  },
)

const Dashboards = Type.Object(
  {
    labels: labels(
      'Labels of the ConfigMap, by which the sidecar of a Grafana finds it. Unset: `grafana_dashboard: "1"`.',
    ),
    annotations: Type.Optional(
      stringMap({
        maxProperties: 16,
        description: 'Annotations of the ConfigMap, such as the folder: `grafana_folder: Mail`.',
      }),
    ),
  },
  { description: 'Dashboards for Grafana in a ConfigMap.' },
)

export const MonitoringSpec = Type.Object(
  {
    serviceMonitor: Type.Optional(ServiceMonitor),
    rules: Type.Optional(Rules),
    dashboards: Type.Optional(Dashboards),
  },
  { description: 'Metrics, alerts and dashboards. Unset: nothing is made.' },
)
export type MonitoringSpec = Static<typeof MonitoringSpec>
