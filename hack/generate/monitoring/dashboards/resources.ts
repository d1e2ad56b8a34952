import type { Board } from './board.ts'
import { described, lines } from './board.ts'

export const resources: Board = {
  key: 'resources',
  title: 'BatchSender / Resources',
  description: 'What the workers use, and their connections to PostgreSQL.',
  of: 'object',
  rows: [
    {
      title: 'Processes',
      panels: [
        lines('CPU', 'percentunit', [
          'sum by (pod) (rate(process_cpu_seconds_total$S[$__rate_interval]))',
          '{{pod}}',
        ]),
        lines('Resident memory', 'bytes', ['sum by (pod) (process_resident_memory_bytes$S)', '{{pod}}']),
        lines('Event loop, p99', 's', ['max by (pod) (nodejs_eventloop_lag_p99_seconds$S)', '{{pod}}']),
        lines('Heap in use', 'bytes', ['sum by (pod) (nodejs_heap_size_used_bytes$S)', '{{pod}}']),
        described(
          lines('Restarts, in an hour', 'short', [
            'sum by (pod) (increase(kube_pod_container_status_restarts_total{namespace="$namespace",pod=~"$batchsender-worker-.+",container="worker"}[1h]))',
            '{{pod}}',
          ]),
          'From kube-state-metrics.',
        ),
        lines('Versions', 'short', ['count by (version) (batchsender_build_info$S)', '{{version}}']),
      ],
    },
    {
      title: 'PostgreSQL',
      panels: [
        lines(
          'Connections',
          'short',
          ['sum by (pod) (batchsender_pool_connections$S)', '{{pod}}'],
          ['sum by (pod) (batchsender_pool_idle_connections$S)', '{{pod}} idle'],
        ),
        lines('Statements that wait for one', 'short', [
          'sum by (pod) (batchsender_pool_waiting_statements$S)',
          '{{pod}}',
        ]),
        lines('Results that could not be written', 'cps', [
          'sum(rate(batchsender_record_failures_total$S[$__rate_interval]))',
          'failed tries',
        ]),
      ],
    },
  ],
}
