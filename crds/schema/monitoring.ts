/** `spec.monitoring`: what Prometheus is told of the workers. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { duration } from './references.ts'
import { stringMap } from './structural.ts'

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

export const MonitoringSpec = Type.Object(
  { serviceMonitor: Type.Optional(ServiceMonitor) },
  { description: 'How the metrics of the workers are found. Unset: nothing is made.' },
)
export type MonitoringSpec = Static<typeof MonitoringSpec>
