import type { Board } from './board.ts'
import { lines, stat } from './board.ts'

export const queue: Board = {
  key: 'queue',
  title: 'BatchSender / Queue',
  description:
    'What waits: wake-ups in NATS, claims in the workers, rows for ClickHouse, tidings of providers.',
  of: 'object',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Wake-ups', 'short', 'max(batchsender_queue_depth$S)'),
        stat('Claimed recipients', 'short', 'sum(batchsender_in_flight$S)'),
        stat('Workers without NATS', 'short', 'count(batchsender_nats_connected$S == 0) or vector(0)'),
      ],
    },
    {
      title: 'Queue',
      panels: [
        lines('Wake-ups', 'short', ['max(batchsender_queue_depth$S)', 'waiting or being handled']),
        lines('Claimed recipients', 'short', ['sum by (pod) (batchsender_in_flight$S)', '{{pod}}']),
        lines('Wake-ups that NATS did not take', 'cps', [
          'sum(rate(batchsender_wakeups_refused_total$S[$__rate_interval]))',
          'refused',
        ]),
        lines('Results that wait to be written', 'short', [
          'sum by (pod) (batchsender_overdue_results$S)',
          '{{pod}}',
        ]),
      ],
    },
    {
      title: 'Outboxes',
      panels: [
        lines(
          'Rows',
          'short',
          ['max(batchsender_event_outbox_rows$S)', 'events for ClickHouse'],
          ['max(batchsender_audit_outbox_rows$S)', 'audit log for ClickHouse'],
          ['max(batchsender_webhook_inbox_rows$S)', 'tidings of providers'],
        ),
        lines(
          'Age of the oldest',
          's',
          ['max(batchsender_event_outbox_oldest_seconds$S)', 'events for ClickHouse'],
          ['max(batchsender_audit_outbox_oldest_seconds$S)', 'audit log for ClickHouse'],
          ['max(batchsender_webhook_inbox_oldest_seconds$S)', 'tidings of providers'],
        ),
      ],
    },
  ],
}
