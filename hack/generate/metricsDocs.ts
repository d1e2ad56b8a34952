/** docs/metrics.md: every metric of worker and operator with its type and labels, from the registries themselves. */
import type { Registry } from 'prom-client'
import { OBJECT_LABELS, OBJECT_METRICS } from '../../operator/src/objectMetrics.ts'
import { createMetrics } from '../../operator/src/runtime/metrics.ts'
import { openMetrics } from '../../worker/src/metrics.ts'

export interface DescribedMetric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
}

/** What the library keeps of a metric, which its types do not show. */
interface Registered {
  readonly name: string
  readonly type: string
  readonly labelNames: readonly string[]
  readonly help: string
}

function registered(registry: Registry): readonly DescribedMetric[] {
  return (registry.getMetricsAsArray() as unknown as readonly Registered[]).map(
    ({ name, type, labelNames, help }) => ({ name, type, labels: labelNames, help: help.trim() }),
  )
}

const isOurs = ({ name }: DescribedMetric): boolean => name.startsWith('batchsender_')

/** Ours first, then those of the process, by what serves them. */
export function describedMetrics() {
  const worker = registered(openMetrics().registry)
  return {
    worker: worker.filter(isOurs),
    workerProcess: worker.filter((metric) => !isOurs(metric)),
    objects: OBJECT_METRICS.map(({ name, labelNames, help }) => ({
      name,
      type: 'gauge',
      labels: [...OBJECT_LABELS, ...labelNames],
      help,
    })),
    operator: registered(createMetrics().registry),
  }
}

const table = (metrics: readonly DescribedMetric[]) => [
  '| Metric | Type | Labels | Meaning |',
  '| --- | --- | --- | --- |',
  ...[...metrics]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${sentence(help)} |`,
    ),
  '',
]

const sentence = (help: string): string => (help.endsWith('.') ? help : `${help}.`).replaceAll('|', '\\|')

export function metricsDocs(): string {
  const { worker, workerProcess, objects, operator } = describedMetrics()
  return [
    '# Reference of metrics',
    '',
    'How they are scraped is in [monitoring.md](monitoring.md).',
    '',
    '## Workers',
    '',
    'At `/metrics` of the port `internal` (8081). A worker does not say whose it is: the ServiceMonitor adds `namespace` and',
    '`batchsender`.',
    '',
    'Batches, recipients, dead letters, what stands still, the outboxes and the inbox are figures of PostgreSQL, the same at',
    'every worker of a BatchSender: take `max by (namespace, batchsender)` of them, and never a sum. They are looked up every',
    'ten seconds; when PostgreSQL does not answer, a worker keeps the last figure. The state of the provider is as that worker',
    'alone sees it. Counters and histograms are of one worker: add them up.',
    '',
    ...table(worker),
    'Of the process, by prom-client:',
    '',
    ...table(workerProcess),
    '## The operator, of each BatchSender',
    '',
    'At `/metrics` of the port 8080, made of the statuses that are known when Prometheus asks. Their labels `namespace` and',
    '`batchsender` name the BatchSender and not the operator: scrape with `honor_labels: true`. There is only the series of',
    'the present state, and none of an object that is gone. Only the operator that leads tells them, so that there are none',
    'while nobody does; two that hand over may both tell them for a moment: take `max by`, and never a sum. A figure of the',
    'status is as old as the status: whether anybody keeps it says `leader_election_master_status`.',
    '',
    ...table(objects),
    '## The operator itself',
    '',
    "Under controller-runtime's names where it has one.",
    '',
    ...table(operator),
  ].join('\n')
}
