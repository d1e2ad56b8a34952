import type { Board } from './board.ts'
import { lines, stat } from './board.ts'

const REQUESTS = 'batchsender_http_request_duration_seconds'
const quantile = (percentile: number, by = '') =>
  `histogram_quantile(${percentile / 100}, sum by (${by}le) (rate(${REQUESTS}_bucket$S[$__rate_interval])))`

export const latency: Board = {
  key: 'latency',
  title: 'BatchSender / Latency',
  description: 'How fast the API answers, and what.',
  of: 'object',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Requests a second', 'reqps', `sum(rate(${REQUESTS}_count$S[5m]))`),
        stat('p95', 's', `histogram_quantile(0.95, sum by (le) (rate(${REQUESTS}_bucket$S[5m])))`),
        stat(
          'Answered with a fault of ours',
          'percentunit',
          `(sum(rate(${REQUESTS}_count{$S,status=~"5.."}[5m])) or vector(0)) / sum(rate(${REQUESTS}_count$S[5m]))`,
        ),
      ],
    },
    {
      title: 'Requests',
      panels: [
        lines(
          'Time to answer',
          's',
          ...[50, 95, 99].map((percentile) => [quantile(percentile), `p${percentile}`] as const),
        ),
        lines('p95 by route', 's', [quantile(95, 'method, route, '), '{{method}} {{route}}']),
        lines('By status', 'reqps', [
          `sum by (status) (rate(${REQUESTS}_count$S[$__rate_interval]))`,
          '{{status}}',
        ]),
        lines(
          'Bytes of bodies',
          'bytes',
          ['sum by (kind) (batchsender_http_body_bytes$S)', '{{kind}}'],
          ['sum by (kind) (batchsender_http_body_limit_bytes$S)', '{{kind}} at most'],
        ),
      ],
    },
  ],
}
