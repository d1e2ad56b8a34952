import type { Board } from './board.ts'
import { described, lines, stat } from './board.ts'

export const batches: Board = {
  key: 'batches',
  title: 'BatchSender / Batches',
  description: 'How many batches and recipients there are in which state, and what a person has to look at.',
  of: 'object',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Oldest batch under way', 's', 'max(batchsender_oldest_in_flight_seconds$S)'),
        stat('Batches under way', 'short', 'sum(max by (state) (batchsender_batches$S))'),
        stat('Recipients in doubt', 'short', 'max(batchsender_uncertain_recipients$S)'),
        stat('Dead letters', 'short', 'max(batchsender_dead_letters$S)'),
      ],
    },
    {
      title: 'By state',
      panels: [
        described(
          lines('Batches', 'short', ['max by (state) (batchsender_batches$S)', '{{state}}']),
          'Not at their end.',
        ),
        described(
          lines('Recipients', 'short', ['max by (state) (batchsender_recipients$S)', '{{state}}']),
          'Of batches that are not at their end.',
        ),
      ],
    },
    {
      title: 'What went wrong',
      panels: [
        lines('Age of the oldest batch', 's', ['max(batchsender_oldest_in_flight_seconds$S)', 'oldest']),
        lines('Batches that paused by themselves, in an hour', 'short', [
          'sum by (class) (increase(batchsender_batches_paused_total$S[1h]))',
          '{{class}}',
        ]),
      ],
    },
  ],
}
