/** Whether rows may be gone because a rule of the table takes them away when they are old. Pure. */
import { deletes, ttlRules } from './ttlRules.ts'

const DAY_MS = 86_400_000
const UNITS: Readonly<Record<string, number>> = {
  Nanosecond: 1e-6,
  Microsecond: 1e-3,
  Millisecond: 1,
  Second: 1_000,
  Minute: 60_000,
  Hour: 3_600_000,
  Day: DAY_MS,
  Week: 7 * DAY_MS,
  Month: 28 * DAY_MS,
  Quarter: 90 * DAY_MS,
  Year: 365 * DAY_MS,
}

/** A rule whose age cannot be read explains any loss. @param partition `YYYYMM` */
export function explains(engineFull: string, partition: string, now: Date): boolean {
  return ttlRules(engineFull)
    .filter(deletes)
    .some((rule) => beginningOf(partition) + ageMsOf(rule) <= now.getTime())
}

export const hasDeletingRule = (engineFull: string): boolean => ttlRules(engineFull).some(deletes)

function ageMsOf(rule: string): number {
  const [, unit = '', count = '0'] = /toInterval(\w+)\('?(\d+)'?\)/.exec(rule) ?? []
  return (UNITS[unit] ?? 0) * Number(count)
}

function beginningOf(partition: string): number {
  const [, year = '', month = ''] = /^(\d{4})(\d\d)$/.exec(partition) ?? []
  return year === '' ? 0 : Date.UTC(Number(year), Number(month) - 1)
}
