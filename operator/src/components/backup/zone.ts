/** What clocks show in a time zone, and when they show it. Pure. */

export interface Zone {
  /** How far its clocks are ahead of UTC at an instant; milliseconds. */
  offsetMs(at: number): number
}

/** Clocks are changed at full quarters of an hour only. */
const QUARTER_MS = 900_000
const MOST_KNOWN = 200_000

const zones = new Map<string, Zone | undefined>()
const MOST_ZONES = 64

/** @returns `undefined` when there is no zone of that very name. */
export function zoneOf(name: string): Zone | undefined {
  if (!zones.has(name)) {
    if (zones.size >= MOST_ZONES) zones.clear()
    zones.set(name, makeZone(name))
  }
  return zones.get(name)
}

function makeZone(name: string): Zone | undefined {
  // An offset such as +01:00 is a zone for JavaScript alone.
  if (!/^[A-Za-z]/.test(name)) return undefined
  const format = formatOf(name)
  if (!format) return undefined
  const { timeZone } = format.resolvedOptions()
  // The files in which Kubernetes looks have names with capitals.
  if (timeZone !== name && timeZone.toLowerCase() === name.toLowerCase()) return undefined
  const known = new Map<number, number>()
  return {
    offsetMs(at) {
      const quarter = Math.floor(at / QUARTER_MS)
      const remembered = known.get(quarter)
      if (remembered !== undefined) return remembered
      const offset = shownAt(format, quarter * QUARTER_MS) - quarter * QUARTER_MS
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(quarter, offset)
      return offset
    },
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric'
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  } catch {
    return undefined
  }
}

function shownAt(format: Intl.DateTimeFormat, at: number): number {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
}
