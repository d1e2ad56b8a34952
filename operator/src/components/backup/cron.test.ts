/** Against what the library of Kubernetes' CronJobs made of the same schedules (hack/schedules). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCron, type Cron } from './cron.ts'
import { nextFire } from './nextFire.ts'
import { zoneOf, type Zone } from './zone.ts'

interface Table {
  readonly valid: Readonly<Record<string, boolean>>
  readonly fires: readonly {
    readonly zone: string
    /** Seconds since 1970. */
    readonly from: number
    /** Minutes since then. */
    readonly next: Readonly<Record<string, readonly number[]>>
  }[]
}

const table = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../hack/schedules/table.json'), 'utf8'),
) as Table

function cronOf(text: string): Cron {
  const parsed = parseCron(text)
  if ('fault' in parsed) throw new Error(`${text} ${parsed.fault}`)
  return parsed.cron
}

function zone(name: string): Zone {
  const found = zoneOf(name)
  if (!found) throw new Error(`no zone ${name}`)
  return found
}

function firesAfter(text: string, name: string, from: number, count: number): number[] {
  const found: number[] = []
  for (let at = nextFire(cronOf(text), zone(name), from); at !== undefined && found.length < count;) {
    found.push((at - from) / 60_000)
    at = nextFire(cronOf(text), zone(name), at)
  }
  return found
}

/** Valid for CronJobs, and refused here with a sentence: when it fires cannot be known from the schedule. */
const REFUSED = ['@every 1h']

describe('a schedule', () => {
  it.each(Object.entries(table.valid))('%j is valid: %s', (text, valid) => {
    expect('cron' in parseCron(text)).toBe(valid && !REFUSED.includes(text))
  })

  it.each([
    {
      text: '0 2 * * 7',
      says: /"7" for the day of the week, which Kubernetes takes from 0 to 6, SUN to SAT/,
    },
    { text: '0 2 L * *', says: /"L" for the day of the month, which Kubernetes takes from 1 to 31/ },
    { text: '0 2 * * 5#2', says: /"5#2" for the day of the week/ },
    { text: 'TZ=Europe/Berlin 0 2 * * *', says: /timeZone/ },
    { text: 'CRON_TZ=Europe/Berlin 0 2 * * *', says: /timeZone/ },
    { text: '@every 1h', says: /write the minutes and hours/ },
    { text: 'every day', says: /not five fields/ },
    { text: '0 2 1 */feb *', says: /"feb" for the month/ },
    { text: '5-1 * * * *', says: /ends before it begins/ },
  ])('is refused with a sentence: $text', ({ text, says }) => {
    expect(parseCron(text)).toEqual({ fault: expect.stringMatching(says) as string })
  })
})

describe('the next times', () => {
  it.each(table.fires.map((row) => [row.zone, new Date(row.from * 1_000).toISOString(), row] as const))(
    'are those of a CronJob in %s after %s',
    (name, _at, { from, next }) => {
      for (const [text, expected] of Object.entries(next))
        expect({ text, fires: firesAfter(text, name, from * 1_000, expected.length) }).toEqual({
          text,
          fires: expected,
        })
    },
  )

  it('leave out a time that clocks skip, and come twice when clocks show it twice', () => {
    const berlin = (from: string, count: number) =>
      firesAfter('30 2 * * *', 'Europe/Berlin', Date.parse(from), count).map((minutes) =>
        new Date(Date.parse(from) + minutes * 60_000).toISOString().slice(0, 16),
      )
    expect(berlin('2026-03-28T00:00:00Z', 2)).toEqual(['2026-03-28T01:30', '2026-03-30T00:30'])
    expect(berlin('2026-10-25T00:00:00Z', 3)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-26T01:30',
    ])
  })

  it('are later than what they come after, on a full minute, and none is left out between', () => {
    const schedules = Object.keys(table.fires[0]?.next ?? {})
    fc.assert(
      fc.property(
        fc.constantFrom(...schedules),
        fc.constantFrom(...new Set(table.fires.map((row) => row.zone))),
        fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (text, name, from, share) => {
          const next = nextFire(cronOf(text), zone(name), from)
          if (next === undefined) return
          expect(next).toBeGreaterThan(from)
          expect(next % 60_000).toBe(0)
          const between = Math.floor(from + share * (next - from - 1))
          expect(nextFire(cronOf(text), zone(name), between)).toBe(next)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('a time zone', () => {
  it.each(['Mars/Olympus', 'Local', 'europe/berlin', '+01:00', '+01', 'Europe', ''])(
    'is none: %j',
    (name) => {
      expect(zoneOf(name)).toBeUndefined()
    },
  )

  it.each(['Etc/UTC', 'UTC', 'Europe/Berlin', 'US/Eastern', 'Asia/Calcutta', 'Etc/GMT+5'])(
    'is one: %s',
    (name) => {
      expect(zoneOf(name)).toBeDefined()
    },
  )
})
