/** Alerts about mail that does not go out, from the workers' own metrics. */
import type { Alert } from './alert.ts'
import type { Selector } from './promql.ts'
import type { Thresholds } from '../../parts/thresholds.ts'
import { BY, highest, latest, matchers, share, WHO } from './promql.ts'

/** Classes of an attempt that are no failure: taken, or told to come again more slowly. */
export const FINE = ['accepted', 'throttle']
/** Fewer in five minutes say nothing by their share. */
const LEAST_ATTEMPTS = 20

export function mailAlerts(selector: Selector | undefined, thresholds: Thresholds): readonly Alert[] {
  const { errorRatePercent, stuckBatchSeconds, backlog, providerAwaySeconds, outboxSeconds } = thresholds
  const of = (metric: string, ...more: readonly string[]) => `${metric}${matchers(selector, ...more)}`
  const attempts = of('batchsender_attempts_total')
  const failed = of('batchsender_attempts_total', `class!~"${FINE.join('|')}"`)
  const waiting = (what: string) =>
    `label_replace(${latest(of(`batchsender_${what}_outbox_oldest_seconds`))}, "outbox", "${what}", "", "")`
  return [
    {
      name: 'HighErrorRate',
      severity: 'critical',
      expr: `${share(failed, attempts, '5m')} > ${errorRatePercent} / 100
  and on (${BY}) sum by (${BY}) (increase(${attempts}[5m])) >= ${LEAST_ATTEMPTS}`,
      for: '2m',
      summary: 'Too many attempts to send a mail fail.',
      description: `{{ $value | humanizePercentage }} of the attempts of ${WHO} in the last five minutes failed.`,
    },
    {
      name: 'StuckBatches',
      severity: 'critical',
      // Held back by the flag it waits as it should, and for a moment after that.
      expr: `${latest(of('batchsender_standstill_seconds'))} > ${stuckBatchSeconds}
  unless on (${BY}) ${latest(of('batchsender_provider_state', 'state="paused"'))} == 1`,
      for: '2m',
      summary: 'A batch does not get on although mails of it are due.',
      description: `A batch of ${WHO} has not got on for {{ $value | humanizeDuration }} although mails of it are due.`,
    },
    {
      name: 'BacklogHigh',
      severity: 'warning',
      expr: `${highest(of('batchsender_queue_depth'))} > ${backlog}`,
      for: '5m',
      summary: 'Work waits in the queue faster than it is done.',
      description: `{{ $value | humanize }} wake-ups of ${WHO} wait in the queue or are being handled.`,
    },
    {
      name: 'ProviderAway',
      severity: 'critical',
      expr: `${latest(of('batchsender_provider_closed_seconds'), `${BY}, provider`)} > ${providerAwaySeconds}`,
      summary: 'The mail provider takes nothing.',
      description: `The provider {{ $labels.provider }} of ${WHO} has been closed for {{ $value | humanizeDuration }}: nothing is sent.`,
    },
    {
      name: 'ResultsInDoubt',
      severity: 'warning',
      expr: `${latest(of('batchsender_uncertain_recipients'))} > 0`,
      for: '10m',
      summary: 'Of some mails nobody knows whether they went out.',
      description: `{{ $value | humanize }} recipients of ${WHO} are uncertain: nobody sends to them again unasked.`,
    },
    {
      name: 'DeadLetters',
      severity: 'warning',
      expr: `${latest(of('batchsender_dead_letters'))} > 0`,
      summary: 'Parts of batches were put aside.',
      description: `{{ $value | humanize }} stretches of batches of ${WHO} failed again and again and wait for a person.`,
    },
    {
      name: 'OutboxLate',
      severity: 'warning',
      expr: `(${waiting('event')} or ${waiting('audit')}) > ${outboxSeconds}`,
      for: '5m',
      summary: 'Events or entries of the audit log do not reach ClickHouse.',
      description: `The oldest row in the {{ $labels.outbox }} outbox of ${WHO} has waited for ClickHouse for {{ $value | humanizeDuration }}.`,
    },
  ]
}
