/** Metrics under controller-runtime's names, so that the dashboards people have keep working. */
import type * as PromClient from 'prom-client'
import { Counter, Gauge, Histogram, Registry } from './promClient.ts'

export interface RequestMetrics {
  readonly requests: PromClient.Counter<'code' | 'method'>
}

export type Metrics = ReturnType<typeof createMetrics>

const PASS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createMetrics(registry = new Registry()) {
  const registers = [registry]
  /** Called when somebody asks, for what is counted and not recorded. */
  const onScrape = new Set<() => void>()
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers })
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers })
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram({ name, help, labelNames: [...labelNames], registers, buckets: PASS_BUCKETS })
  // Registered before the other two, so that at a scrape it can fill all three; controllers of one name add up.
  const queueDepth = new Gauge<'name'>({
    name: 'workqueue_depth',
    help: 'Keys that are due and wait for a worker.',
    labelNames: ['name'],
    registers,
    collect() {
      for (const each of [queueDepth, unfinishedSeconds, longestSeconds]) each.reset()
      for (const count of onScrape) count()
    },
  })
  const unfinishedSeconds = gauge(
    'workqueue_unfinished_work_seconds',
    'Age of all passes under way, summed up.',
    ['name'],
  )
  const longestSeconds = gauge(
    'workqueue_longest_running_processor_seconds',
    'Age of the oldest pass under way.',
    ['name'],
  )
  return {
    registry,
    onScrape,
    requests: counter('rest_client_requests_total', 'Requests to the API server.', ['code', 'method']),
    passes: counter('controller_runtime_reconcile_total', 'Passes by result.', ['controller', 'result']),
    passErrors: counter('controller_runtime_reconcile_errors_total', 'Passes that failed.', ['controller']),
    terminalErrors: counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Passes that failed for good.',
      ['controller'],
    ),
    panics: counter('controller_runtime_reconcile_panics_total', 'Passes that ended in a defect.', [
      'controller',
    ]),
    passSeconds: histogram('controller_runtime_reconcile_time_seconds', 'Duration of a pass.', [
      'controller',
    ]),
    activeWorkers: gauge('controller_runtime_active_workers', 'Passes under way.', ['controller']),
    maxWorkers: gauge('controller_runtime_max_concurrent_reconciles', 'Most passes at a time.', [
      'controller',
    ]),
    queueDepth,
    unfinishedSeconds,
    longestSeconds,
    queueAdds: counter('workqueue_adds_total', 'Keys added.', ['name']),
    queueRetries: counter('workqueue_retries_total', 'Keys added again after a failure.', ['name']),
    queueSeconds: histogram('workqueue_queue_duration_seconds', 'How long a key waited.', ['name']),
    workSeconds: histogram('workqueue_work_duration_seconds', 'How long a key was worked on.', ['name']),
    relists: counter('batchsender_operator_reflector_lists_total', 'Full lists of a kind.', [
      'kind',
      'namespace',
    ]),
    watchErrors: counter(
      'batchsender_operator_reflector_watch_errors_total',
      'Watches that ended in an error.',
      ['kind', 'namespace'],
    ),
    lastEventAt: gauge(
      'batchsender_operator_reflector_last_contact_timestamp_seconds',
      'Last sign of life of a watch.',
      ['kind', 'namespace'],
    ),
    lagSeconds: gauge(
      'batchsender_operator_reflector_lag_seconds',
      'How old the last sign of life of a watch is.',
      ['kind', 'namespace'],
    ),
    blindSeconds: counter(
      'batchsender_operator_reflector_blind_seconds_total',
      'Time without a watch that is open and alive.',
      ['kind', 'namespace'],
    ),
    applies: counter('batchsender_operator_apply_total', 'Server-side applies by result.', [
      'kind',
      'result',
    ]),
    leader: gauge('leader_election_master_status', 'Whether this process leads.', ['name']),
  }
}

const RESULTS = ['success', 'requeue', 'requeue_after', 'error'] as const

/** Shows the counters of a controller from the start: what grows from nothing would not be seen to grow. */
export function showAtZero(metrics: Metrics, controller: string): void {
  for (const result of RESULTS) metrics.passes.inc({ controller, result }, 0)
  for (const counter of [metrics.passErrors, metrics.terminalErrors, metrics.panics])
    counter.inc({ controller }, 0)
  for (const counter of [metrics.queueAdds, metrics.queueRetries]) counter.inc({ name: controller }, 0)
  metrics.activeWorkers.inc({ controller }, 0)
}
