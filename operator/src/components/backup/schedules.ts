/** What follows from schedules in a time zone: whether they make sense, when they fired last, how long they pause. Pure. */
import type { Cron } from './cron.ts'
import type { Zone } from './zone.ts'
import { parseCron } from './cron.ts'
import { nextFire } from './nextFire.ts'
import { zoneOf } from './zone.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const YEAR_MS = 366 * DAY_MS

interface Schedule {
  readonly cron: Cron
  readonly zone: Zone
}

/** @returns why CronJobs could not follow the schedule, as far as it can be told beforehand */
export function scheduleFault(schedule: string, timeZone: string): string | undefined {
  const zone = zoneOf(timeZone)
  if (!zone)
    return `the time zone "${timeZone}" is none of https://www.iana.org/time-zones, such as Europe/Berlin or Etc/UTC`
  const parsed = parseCron(schedule)
  if ('fault' in parsed) return `the schedule "${schedule}" ${parsed.fault}`
  return nextFire(parsed.cron, zone, 0) === undefined ? `the schedule "${schedule}" never fires` : undefined
}

/** @throws Error when `scheduleFault` has something against it. */
function scheduleOf(text: string, timeZone: string): Schedule {
  const zone = zoneOf(timeZone)
  const parsed = parseCron(text)
  if (!zone || 'fault' in parsed) throw new Error(`no schedule: "${text}" in ${timeZone}`)
  return { cron: parsed.cron, zone }
}

/** How far back to look, so that what fires often is not gone through for years. */
const LOOKS_BACK_MS = [2 * HOUR_MS, 2 * DAY_MS, 9 * DAY_MS, 40 * DAY_MS, 2 * YEAR_MS, 9 * YEAR_MS]

/** The last time at or before `now` that a schedule fired; `undefined` when it did not for years. */
export function lastFire(text: string, timeZone: string, now: Date): Date | undefined {
  const schedule = scheduleOf(text, timeZone)
  for (const backMs of LOOKS_BACK_MS) {
    const fires = firesWithin(schedule, now.getTime() - backMs, now.getTime())
    const last = fires.at(-1)
    if (last !== undefined) return new Date(last)
  }
  return undefined
}

/** After `from` and up to `to`, in order, and no more than `most`. */
function firesWithin({ cron, zone }: Schedule, from: number, to: number, most = Infinity): number[] {
  const fires: number[] = []
  for (let at = nextFire(cron, zone, from); at !== undefined && at <= to && fires.length < most;) {
    fires.push(at)
    at = nextFire(cron, zone, at)
  }
  return fires
}

const MOST_KNOWN = 256
/** Looking costs milliseconds, and every pass asks. */
const known = new Map<string, number>()

/** The longest pause between two runs of several schedules together, seen from the day of `now`; milliseconds. */
export function longestPauseMs(texts: readonly string[], timeZone: string, now: Date): number {
  const day = Math.floor(now.getTime() / DAY_MS)
  const key = [day, timeZone, ...texts].join('|')
  const remembered = known.get(key)
  if (remembered !== undefined) return remembered
  const schedules = texts.map((text) => scheduleOf(text, timeZone))
  const from = day * DAY_MS
  const windows = [
    { from, to: from + LOOKED_AT_MS },
    { from, to: from + FORTNIGHT_MS },
    ...clockChanges(timeZone, from).map((at) => ({ from: at - DAY_MS, to: at + 2 * DAY_MS })),
  ]
  const pauseMs = Math.max(...windows.map((window) => longestWithin(schedules, window)))
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(key, pauseMs)
  return pauseMs
}

/** Enough for a schedule of leap years; what fires often repeats itself long before, or with the weeks. */
const LOOKED_AT_MS = 10 * YEAR_MS
const FORTNIGHT_MS = 15 * DAY_MS
const LOOKED_AT_RUNS = 750

function longestWithin(
  schedules: readonly Schedule[],
  { from, to }: { readonly from: number; readonly to: number },
): number {
  const runs = schedules.map((schedule) => firesWithin(schedule, from, to, mostRuns(from, to)))
  // Beyond what was looked at of one, the others are not complete.
  const horizon = Math.min(
    ...runs.map((fires) => (fires.length < mostRuns(from, to) ? to : (fires.at(-1) ?? to))),
  )
  const merged = [...new Set(runs.flat().filter((at) => at <= horizon))].sort((left, right) => left - right)
  return merged.slice(1).reduce((longest, at, index) => Math.max(longest, at - (merged[index] ?? at)), 0)
}

/** All that fit into a few days or weeks, and no more than repeat themselves in years. */
const mostRuns = (from: number, to: number) =>
  to - from > YEAR_MS ? LOOKED_AT_RUNS : (to - from) / MINUTE_MS

/** Days of the coming year on which clocks are changed: some runs are left out there. */
function clockChanges(timeZone: string, from: number): readonly number[] {
  const zone = zoneOf(timeZone)
  if (!zone) return []
  const days = Array.from({ length: 400 }, (_, index) => from + index * DAY_MS)
  return days.filter((at) => zone.offsetMs(at) !== zone.offsetMs(at + DAY_MS))
}
