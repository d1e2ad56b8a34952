/**
 * Cron as Kubernetes' CronJobs read it: the grammar of robfig/cron 3.0.1 (`ParseStandard`), which knows no day 7 and no
 * L, W or #. Pure.
 */

/** When something is to happen, in the time of some place. */
export interface Cron {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  /** From 0, which is Sunday. */
  readonly weekdays: ReadonlySet<number>
  /** Day of the month and of the week must both fit when one of them is any, and either otherwise. */
  readonly anyDay: boolean
}

export type Parsed = { readonly cron: Cron } | { readonly fault: string }

interface Bounds {
  readonly what: string
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const FIELDS = [
  { what: 'the minute', min: 0, max: 59 },
  { what: 'the hour', min: 0, max: 23 },
  { what: 'the day of the month', min: 1, max: 31 },
  { what: 'the month', min: 1, max: 12, names: MONTHS },
  { what: 'the day of the week', min: 0, max: 6, names: WEEKDAYS },
] as const satisfies readonly Bounds[]

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

class Fault extends Error {}

export function parseCron(text: string): Parsed {
  if (text.includes('TZ'))
    return { fault: 'names a time zone, which belongs into spec.clickhouse.backup.timeZone' }
  if (text.startsWith('@every'))
    return { fault: 'counts from when the CronJob was made: write the minutes and hours instead' }
  const fields = (DESCRIPTORS[text] ?? text).split(/\s+/).filter(Boolean)
  if (fields.length !== FIELDS.length)
    return {
      fault:
        'is not five fields (minute, hour, day of the month, month, day of the week) or one of @hourly, @daily, @weekly, @monthly and @yearly',
    }
  try {
    const [minutes, hours, days, months, weekdays] = FIELDS.map((bounds, index) =>
      parseField(fields[index] ?? '', bounds),
    ) as [Field, Field, Field, Field, Field]
    const anyDay = days.isAny || weekdays.isAny
    return {
      cron: {
        minutes: minutes.values,
        hours: hours.values,
        days: days.values,
        months: months.values,
        weekdays: weekdays.values,
        anyDay,
      },
    }
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message }
    throw error
  }
}

interface Field {
  readonly values: ReadonlySet<number>
  readonly isAny: boolean
}

function parseField(text: string, bounds: Bounds): Field {
  const ranges = text
    .split(',')
    .filter(Boolean)
    .map((range) => parseRange(range, bounds))
  return {
    values: new Set(ranges.flatMap(({ values }) => [...values])),
    isAny: ranges.some(({ isAny }) => isAny),
  }
}

/** `*`, `5`, `1-5`, and with `/` a step; `5/15` goes on to the end. */
function parseRange(text: string, bounds: Bounds): Field {
  const [range = '', stepText, ...more] = text.split('/')
  if (more.length > 0) throw new Fault(`has too many slashes in "${text}"`)
  const step = stepText === undefined ? 1 : parseNumber(stepText, { ...bounds, names: [] })
  if (step === 0) throw new Fault(`has a step of 0 in "${text}"`)
  const { start, end, isStar } = parseEnds(range, stepText !== undefined, bounds)
  if (start < bounds.min || end > bounds.max) throw new Fault(outOfBounds(text, bounds))
  if (start > end) throw new Fault(`has a range that ends before it begins in "${text}"`)
  const count = Math.floor((end - start) / step) + 1
  return {
    values: new Set(Array.from({ length: count }, (_, index) => start + index * step)),
    isAny: isStar && step === 1,
  }
}

/** Behind a star nothing counts. */
function parseEnds(range: string, hasStep: boolean, bounds: Bounds) {
  const [low = '', high, ...more] = range.split('-')
  if (low === '*' || low === '?') return { start: bounds.min, end: bounds.max, isStar: true }
  if (more.length > 0) throw new Fault(`has too many hyphens in "${range}"`)
  const start = parseNumber(low, bounds)
  if (high !== undefined) return { start, end: parseNumber(high, bounds), isStar: false }
  return { start, end: hasStep ? bounds.max : start, isStar: false }
}

function parseNumber(text: string, bounds: Bounds): number {
  const { names = [], min } = bounds
  const named = names.indexOf(text.toLowerCase())
  if (named !== -1) return named + min
  if (/^[+-]?\d{1,18}$/.test(text) && Number(text) >= 0) return Number(text)
  throw new Fault(outOfBounds(text, bounds))
}

function outOfBounds(text: string, { what, min, max, names = [] }: Bounds): string {
  const words =
    names.length === 0 ? '' : `, ${names[0]?.toUpperCase() ?? ''} to ${names.at(-1)?.toUpperCase() ?? ''}`
  return `has "${text}" for ${what}, which Kubernetes takes from ${min} to ${max}${words}, with *, ranges and steps`
}
