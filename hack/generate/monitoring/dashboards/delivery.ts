import type { Board } from './board.ts'
import { FINE } from '../../../../operator/src/components/monitoring/alerts/mail.ts'
import { described, lines, stat } from './board.ts'

const ATTEMPTS = 'batchsender_attempts_total'
const failed = (window: string) => `rate(${ATTEMPTS}{$S,class!~"${FINE.join('|')}"}[${window}])`

export const delivery: Board = {
  key: 'delivery',
  title: 'BatchSender / Delivery',
  description: 'What providers say to the mails, and how long they take for it.',
  of: 'object',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Mails a second', 'cps', `sum(rate(${ATTEMPTS}{$S,class="accepted"}[5m]))`),
        stat('Failed of all attempts', 'percentunit', `sum(${failed('5m')}) / sum(rate(${ATTEMPTS}$S[5m]))`),
        stat('Provider closed for', 's', 'max(batchsender_provider_closed_seconds$S)'),
      ],
    },
    {
      title: 'Attempts',
      panels: [
        lines('Attempts by class', 'cps', [
          `sum by (class) (rate(${ATTEMPTS}$S[$__rate_interval]))`,
          '{{class}}',
        ]),
        described(
          lines('Share that failed', 'percentunit', [
            `sum by (class) (${failed('5m')}) / on () group_left () sum(rate(${ATTEMPTS}$S[5m]))`,
            '{{class}}',
          ]),
          'All classes but those that were taken or told to come again more slowly.',
        ),
        lines(
          'Time of an attempt',
          's',
          ...[50, 95, 99].map(
            (percentile) =>
              [
                `histogram_quantile(${percentile / 100}, sum by (le) (rate(batchsender_attempt_duration_seconds_bucket$S[$__rate_interval])))`,
                `p${percentile}`,
              ] as const,
          ),
        ),
        lines('State of the provider', 'short', [
          'max by (provider, state) (batchsender_provider_state$S)',
          '{{provider}} {{state}}',
        ]),
      ],
    },
    {
      title: 'What providers tell afterwards',
      panels: [
        lines('Webhooks', 'cps', [
          'sum by (provider, result) (rate(batchsender_webhooks_total$S[$__rate_interval]))',
          '{{provider}} {{result}}',
        ]),
        lines(
          'Contradictions and lost commits, in an hour',
          'short',
          ['sum(increase(batchsender_contradictions_total$S[1h]))', 'contradictions'],
          ['sum(increase(batchsender_lost_commits_total$S[1h]))', 'lost commits'],
          ['sum(increase(batchsender_fenced_results_total$S[1h]))', 'results after their lease'],
        ),
      ],
    },
  ],
}
