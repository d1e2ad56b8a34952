/** Alerts about the workers themselves and their ways to NATS and PostgreSQL. */
import type { Alert } from './alert.ts'
import type { Selector } from './promql.ts'
import { BY, highest, matchers, WHO } from './promql.ts'

/** Of the pods that the Deployment `<name>-worker` makes. */
const HASHES = '-worker-[a-z0-9]+-[a-z0-9]+'

export function workerAlerts(selector: Selector | undefined): readonly Alert[] {
  const of = (metric: string) => `${metric}${matchers(selector)}`
  /** A series of kube-state-metrics, with the label that tells BatchSenders apart. */
  const ofPods = (inner: (selected: string) => string, metric: string, ...more: readonly string[]) => {
    const pods = `pod=~"${selector ? selector.batchsender : '.+'}${HASHES}"`
    const place = selector ? [`namespace="${selector.namespace}"`] : []
    const selected = `${metric}{${[...place, pods, 'container="worker"', ...more].join(',')}}`
    const named = `label_replace(${inner(selected)}, "batchsender", "$1", "pod", "(.+)${HASHES}")`
    return selector ? named : `${named} and on (${BY}) ${KNOWN}`
  }
  return [
    {
      name: 'WorkerCrashLoop',
      severity: 'critical',
      expr: `max by (${BY}, pod) (${ofPods(
        (waiting) => `max_over_time(${waiting}[5m])`,
        'kube_pod_container_status_waiting_reason',
        'reason="CrashLoopBackOff"',
      )}) >= 1`,
      for: '5m',
      summary: 'A worker crashes again and again.',
      description: `The pod {{ $labels.pod }} of ${WHO} is started again and again (CrashLoopBackOff).`,
    },
    {
      name: 'WorkerRestarts',
      severity: 'warning',
      expr: `max by (${BY}, pod) (${ofPods(
        (restarts) => `increase(${restarts}[15m])`,
        'kube_pod_container_status_restarts_total',
      )}) > 0`,
      summary: 'A worker crashed.',
      description: `The worker in the pod {{ $labels.pod }} of ${WHO} was started anew in the last 15 minutes.`,
    },
    {
      name: 'NatsConnectionLoss',
      severity: 'critical',
      expr: `${highest(of('batchsender_nats_connected'))} == 0`,
      for: '2m',
      summary: 'No worker has a connection to NATS.',
      description: `No worker of ${WHO} has a connection to NATS: mail goes out late, by the sweep alone.`,
    },
    {
      name: 'DatabaseSlowQueries',
      severity: 'warning',
      expr: `${highest(`avg_over_time(${of('batchsender_pool_waiting_statements')}[5m])`)} > 1`,
      for: '5m',
      summary: 'PostgreSQL is slower than its work comes in.',
      description: `In a worker of ${WHO} {{ $value | humanize }} statements wait for a connection to PostgreSQL.`,
    },
  ]
}

/** Pods of others may be called like that: only those of BatchSenders that the operator told of today. */
const KNOWN = `group by (${BY}) (last_over_time(batchsender_status_condition{type="Ready"}[1d]))`
