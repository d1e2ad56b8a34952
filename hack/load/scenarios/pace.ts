/** What all scenarios share: a pace that answers do not slow down, thresholds, and the summary as JSON. */

export function given(name: string): string {
  const value = __ENV[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

interface Pace {
  readonly rate: number
  readonly per: '1s' | '1m' | '1h'
  /** Requests under way at once, at most. */
  readonly most: number
  readonly thresholds?: Readonly<Record<string, readonly string[]>>
}

export function pace({ rate, per, most, thresholds }: Pace) {
  return {
    scenarios: {
      main: {
        executor: 'constant-arrival-rate',
        rate,
        timeUnit: per,
        duration: `${given('FOR_SECONDS')}s`,
        preAllocatedVUs: Math.ceil(most / 4),
        maxVUs: most,
      },
    },
    thresholds: {
      http_req_failed: ['rate==0'],
      http_req_duration: ['p(95)<500'],
      checks: ['rate==1'],
      // What the load generator did not come to: then nothing is said about the pace that was asked for.
      dropped_iterations: ['count==0'],
      ...thresholds,
    },
    summaryTrendStats: ['p(50)', 'p(95)', 'p(99)', 'max'],
    noConnectionReuse: false,
    discardResponseBodies: true,
  }
}

export function summary(data: unknown): Record<string, string> {
  return { [given('SUMMARY')]: JSON.stringify(data) }
}
