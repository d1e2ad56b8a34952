import { casesOf, ME, worker, type Case } from './case.ts'

const REQUESTS = 'batchsender_http_request_duration_seconds'
const bucket = (le: string, route = '/v1/batches') =>
  worker(`${REQUESTS}_bucket`, `method="POST",route="${route}",status="202",le="${le}"`)
const answered = (status: number, pod = 'a') =>
  worker(`${REQUESTS}_count`, `method="POST",route="/v1/batches",status="${status}"`, pod)

/** Of 100 a minute so many within 0.25 s, 0.5 s and a second. */
const requests = (quick: number, half: number, second: number, route?: string) => ({
  [bucket('0.25', route)]: `0+${quick}x30`,
  [bucket('0.5', route)]: `0+${half}x30`,
  [bucket('1', route)]: `0+${second}x30`,
  [bucket('+Inf', route)]: '0+100x30',
})

const slow = casesOf('ApiSlow', 'warning')
const burn = casesOf('ErrorBudgetBurn', 'critical')
const says = (share: string) =>
  `${share} of the requests to the API of mail/orders fail, where its objective is 99.9 %.`

export const apiCases: readonly Case[] = [
  slow.fires(
    'p95 at 0.75 s',
    '12m',
    requests(50, 90, 100),
    'Of 100 requests to mail/orders five take longer than 750ms.',
  ),
  slow.fires(
    'over a gap of three minutes',
    '20m',
    Object.fromEntries(
      Object.entries({ '0.25': 50, '0.5': 90, '1': 100, '+Inf': 100 }).map(([le, each]) => [
        bucket(le),
        `0+${each}x10 _x3 ${each * 14}+${each}x20`,
      ]),
    ),
    'Of 100 requests to mail/orders five take longer than 750ms.',
  ),
  slow.quiet('p95 within half a second', '12m', requests(50, 96, 100)),
  slow.quiet(
    'uploads, which take as long as they are',
    '12m',
    requests(0, 0, 10, '/v1/batches/:id/recipients'),
  ),
  slow.quiet('no requests', '12m', {
    [bucket('0.5')]: '0x30',
    [bucket('1')]: '100x30',
    [bucket('+Inf')]: '100x30',
  }),

  {
    alert: 'ErrorBudgetBurn',
    what: 'two of 100 for more than an hour: both',
    at: '80m',
    series: { [answered(500)]: '0+2x400', [answered(202)]: '0+98x400' },
    fires: [
      { severity: 'critical', says: says('2%') },
      { severity: 'warning', says: says('2%') },
    ],
  },
  {
    alert: 'ErrorBudgetBurn',
    what: 'two of 1000 for hours: the ticket alone',
    at: '6h',
    series: { [answered(500)]: '0+2x400', [answered(202)]: '0+998x400' },
    fires: [{ severity: 'warning', says: says('0.2%') }],
  },
  {
    alert: 'ErrorBudgetBurn',
    what: 'over: it burnt for an hour, and has not for 40 minutes',
    at: '120m',
    series: { [answered(500)]: '0+2x80 160x100', [answered(202)]: '0+98x200' },
    fires: [],
    not: 'critical',
  },
  burn.quiet('one of 2000', '6h', { [answered(500)]: '0+1x400', [answered(202)]: '0+1999x400' }),
  burn.quiet('no requests', '2h', { [answered(500)]: '10x400', [answered(202)]: '100x400' }),
  burn.quiet('no faults at all, over a gap', '3h', {
    [answered(202)]: '0+10x100 _x30 1310+10x300',
    [`${REQUESTS}_count{${ME},pod="b",status="404"}`]: '0+10x400',
  }),
]
