/** Moments, all ahead, at which calendars and clocks differ most from what a programmer has in mind. */
export interface Instant {
  readonly name: string
  /** UTC, RFC 3339. */
  readonly at: string
  /** IANA name of the zone that processes have as theirs. */
  readonly zone: string
}

export const INSTANTS: readonly Instant[] = [
  {
    name: 'the doubled hour, on the last day of a month',
    at: '2027-10-31T00:59:30Z',
    zone: 'Europe/Berlin',
  },
  { name: 'the skipped hour', at: '2027-03-28T00:59:30Z', zone: 'Europe/Berlin' },
  { name: '29 February', at: '2028-02-29T12:00:00Z', zone: 'UTC' },
  { name: 'a minute before midnight, month and year', at: '2027-12-31T23:59:00Z', zone: 'UTC' },
  { name: 'a day whose 90th day before ends a month', at: '2027-11-29T12:00:00Z', zone: 'UTC' },
  { name: 'already tomorrow by the local clock', at: '2027-04-30T22:30:00Z', zone: 'Pacific/Auckland' },
]

/** @returns what a process started with Node needs in its environment to live at that moment. */
export function environmentAt({ at, zone }: Instant, now: Date): Record<string, string> {
  const seconds = Math.round((Date.parse(at) - now.getTime()) / 1000)
  return {
    TZ: zone,
    CLOCK_SHIFT_SECONDS: String(seconds),
    NODE_OPTIONS: `--import=${new URL('shiftOwnClock.ts', import.meta.url).href}`,
  }
}
