/** When schedules fire, as cron has it in a time zone. Pure: a schedule without a function never runs anything. */
import { Cron } from 'croner'

/** A year of daily runs, or half a day of runs every minute: enough to see the longest pause of a schedule. */
const LOOKED_AT = 750

/** @returns why the schedule or the time zone makes no sense */
export function scheduleFault(schedule: string, timeZone: string): string | undefined {
  try {
    return new Cron(schedule, { timezone: timeZone }).nextRun() === null
      ? `the schedule "${schedule}" never fires`
      : undefined
  } catch (error) {
    return `the schedule "${schedule}" in the time zone ${timeZone}: ${error instanceof Error ? error.message : 'not valid'}`
  }
}

/** The last time at or before `now` that a schedule fired; `undefined` when it never did. */
export function lastFire(schedule: string, timeZone: string, now: Date): Date | undefined {
  return new Cron(schedule, { timezone: timeZone }).previousRuns(1, new Date(now.getTime() + 1_000))[0]
}

const DAY_MS = 86_400_000
const MOST_KNOWN = 256
/** Looking costs tens of milliseconds, and every pass asks. */
const known = new Map<string, number>()

/** The longest pause between two runs of several schedules together, seen from the day of `now`; milliseconds. */
export function longestPauseMs(schedules: readonly string[], timeZone: string, now: Date): number {
  const day = Math.floor(now.getTime() / DAY_MS)
  const key = [day, timeZone, ...schedules].join('|')
  const pauseMs = known.get(key) ?? longestFrom(schedules, timeZone, new Date(day * DAY_MS))
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(key, pauseMs)
  return pauseMs
}

function longestFrom(schedules: readonly string[], timeZone: string, now: Date): number {
  const runs = schedules.map((schedule) =>
    new Cron(schedule, { timezone: timeZone }).nextRuns(LOOKED_AT, now).map((run) => run.getTime()),
  )
  // Beyond the shortest look the others are not complete.
  const horizon = Math.min(...runs.map((times) => times.at(-1) ?? 0))
  const covered = runs.flat().filter((time) => time <= horizon)
  const merged = [...new Set(covered)].sort((left, right) => left - right)
  return merged
    .slice(1)
    .reduce((longest, time, index) => Math.max(longest, time - (merged[index] ?? time)), 0)
}
