import { casesOf, worker, type Case } from './case.ts'

const attempts = (retryClass: string, pod = 'a') =>
  worker('batchsender_attempts_total', `provider="smtp",class="${retryClass}"`, pod)
const gauge = (name: string, pod = 'a') => worker(`batchsender_${name}`, '', pod)

const errors = casesOf('HighErrorRate', 'critical')
const stuck = casesOf('StuckBatches', 'critical')
const backlog = casesOf('BacklogHigh', 'warning')
const provider = casesOf('ProviderAway', 'critical')
const doubt = casesOf('ResultsInDoubt', 'warning')
const dead = casesOf('DeadLetters', 'warning')
const outbox = casesOf('OutboxLate', 'warning')

const closed = (pod: string) => worker('batchsender_provider_closed_seconds', 'provider="smtp"', pod)
const paused = () => worker('batchsender_provider_state', 'provider="smtp",state="paused"')
const STANDSTILL = 'standstill_seconds'

export const mailCases: readonly Case[] = [
  errors.fires(
    'a tenth fails',
    '15m',
    { [attempts('accepted')]: '0+90x30', [attempts('unreachable')]: '0+10x30' },
    '10% of the attempts of mail/orders in the last five minutes failed.',
  ),
  errors.fires(
    'a tenth fails, over a gap of three minutes',
    '20m',
    { [attempts('accepted')]: '0+90x10 _x3 1260+90x20', [attempts('recipient')]: '0+10x10 _x3 140+10x20' },
    '10% of the attempts of mail/orders in the last five minutes failed.',
  ),
  errors.quiet('four of 100 fail', '15m', {
    [attempts('accepted')]: '0+96x30',
    [attempts('recipient')]: '0+4x30',
  }),
  errors.quiet('half is told to come more slowly', '15m', {
    [attempts('accepted')]: '0+50x30',
    [attempts('throttle')]: '0+50x30',
  }),
  errors.quiet('too few to judge', '15m', {
    [attempts('accepted')]: '0+1x30',
    [attempts('transient')]: '0+1x30',
  }),
  errors.quiet('nothing is sent any more', '15m', {
    [attempts('accepted')]: '50x30',
    [attempts('transient')]: '50x30',
  }),

  stuck.fires(
    'a batch has not got on for 15 minutes, told by two workers',
    '18m',
    { [gauge(STANDSTILL)]: '0+60x30', [gauge(STANDSTILL, 'b')]: '0+60x30', [paused()]: '0x30' },
    'A batch of mail/orders has not got on for 18m 0s although mails of it are due.',
  ),
  stuck.fires(
    'workers that start anew every twelve minutes',
    '18m',
    { [gauge(STANDSTILL)]: '0+60x11 stale', [gauge(STANDSTILL, 'b')]: '_x12 720+60x10' },
    'A batch of mail/orders has not got on for 18m 0s although mails of it are due.',
  ),
  stuck.fires(
    'no worker has been there for four minutes',
    '20m',
    { [gauge(STANDSTILL)]: '0+60x16 stale' },
    'A batch of mail/orders has not got on for 16m 0s although mails of it are due.',
  ),
  stuck.quiet('a flag holds all mail', '30m', { [gauge(STANDSTILL)]: '0+60x40', [paused()]: '1x40' }),
  stuck.quiet('a flag holds all mail, and no worker has been there for four minutes', '24m', {
    [gauge(STANDSTILL)]: '0+60x20 stale',
    [paused()]: '1x20 stale',
  }),
  stuck.quiet('it gets on within two minutes of the end of that flag', '30m', {
    [gauge(STANDSTILL)]: '0+60x25 0x15',
    [paused()]: '1x24 0x15',
  }),
  stuck.quiet('fourteen minutes', '14m', { [gauge(STANDSTILL)]: '0+60x30' }),
  stuck.quiet('it has ended since, and so has the worker that told of it', '20m', {
    [gauge(STANDSTILL)]: '0+60x16 stale',
    [gauge(STANDSTILL, 'b')]: '_x17 0x10',
  }),
  stuck.quiet('nothing is under way', '20m', { [gauge(STANDSTILL)]: '0x30' }),

  backlog.fires(
    'more than 10,000',
    '6m',
    { [gauge('queue_depth')]: '12000x20', [gauge('queue_depth', 'b')]: '12000x20' },
    '12k wake-ups of mail/orders wait in the queue or are being handled.',
  ),
  backlog.quiet('9,000', '10m', { [gauge('queue_depth')]: '9000x20' }),
  backlog.quiet('for three minutes only', '10m', { [gauge('queue_depth')]: '12000x3 9000x20' }),
  backlog.quiet('nobody has told of it for ten minutes', '15m', { [gauge('queue_depth')]: '12000x3 stale' }),

  provider.fires(
    'closed for three minutes',
    '3m',
    { [closed('a')]: '0+60x10' },
    'The provider smtp of mail/orders has been closed for 3m 0s: nothing is sent.',
    { provider: 'smtp' },
  ),
  provider.fires(
    'the worker that told of it is gone',
    '8m',
    { [closed('a')]: '0+60x5 stale' },
    'The provider smtp of mail/orders has been closed for 5m 0s: nothing is sent.',
    { provider: 'smtp' },
  ),
  provider.quiet('again and again for a minute', '9m', { [closed('a')]: '0 60 0 60 0 60 0 60 0 60 0' }),
  provider.quiet('open', '9m', { [closed('a')]: '0x20' }),

  doubt.fires(
    'three recipients',
    '11m',
    { [gauge('uncertain_recipients')]: '3x30', [gauge('uncertain_recipients', 'b')]: '3x30' },
    '3 recipients of mail/orders are uncertain: nobody sends to them again unasked.',
  ),
  doubt.fires(
    'over a restart',
    '15m',
    { [gauge('uncertain_recipients')]: '3x5 stale', [gauge('uncertain_recipients', 'b')]: '_x9 3x20' },
    '3 recipients of mail/orders are uncertain: nobody sends to them again unasked.',
  ),
  doubt.quiet('resolved by a webhook within minutes', '11m', { [gauge('uncertain_recipients')]: '3x5 0x20' }),
  doubt.quiet('nobody', '11m', { [gauge('uncertain_recipients')]: '0x30' }),

  dead.fires(
    'two',
    '1m',
    { [gauge('dead_letters')]: '2x10', [gauge('dead_letters', 'b')]: '2x10' },
    '2 stretches of batches of mail/orders failed again and again and wait for a person.',
  ),
  dead.fires(
    'no worker has been there for four minutes',
    '9m',
    { [gauge('dead_letters')]: '2x5 stale' },
    '2 stretches of batches of mail/orders failed again and again and wait for a person.',
  ),
  dead.quiet('none', '5m', { [gauge('dead_letters')]: '0x10' }),

  ...(['event', 'audit'] as const).map((what) =>
    outbox.fires(
      what,
      '22m',
      { [gauge(`${what}_outbox_oldest_seconds`)]: '0+60x40' },
      `The oldest row in the ${what} outbox of mail/orders has waited for ClickHouse for 22m 0s.`,
      { outbox: what },
    ),
  ),
  outbox.fires(
    'over a restart',
    '30m',
    {
      [gauge('event_outbox_oldest_seconds')]: '0+60x20 stale',
      [gauge('event_outbox_oldest_seconds', 'b')]: '_x24 1440+60x20',
    },
    'The oldest row in the event outbox of mail/orders has waited for ClickHouse for 30m 0s.',
    { outbox: 'event' },
  ),
  outbox.quiet('emptied again and again', '30m', {
    [gauge('event_outbox_oldest_seconds')]: '0+60x10 0+60x10 0+60x10',
    [gauge('audit_outbox_oldest_seconds')]: '0x40',
  }),
]
