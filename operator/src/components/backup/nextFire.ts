/**
 * When a schedule fires next in a time zone, step by step as `SpecSchedule.Next` of robfig/cron 3.0.1 finds it and Go's
 * `time.Date` reads clocks: a time that clocks skip is skipped, one that they show twice comes twice. Pure.
 */
import type { Cron } from './cron.ts'
import type { Zone } from './zone.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** A schedule that has not fired within as many years never does. */
const MOST_YEARS = 5

/** A moment that is moved on. */
class Hand {
  readonly zone: Zone
  at: number
  /** Whether smaller parts were set back to their beginning. */
  isMoved = false

  constructor(at: number, zone: Zone) {
    this.at = at
    this.zone = zone
  }

  /** What clocks show, in the UTC fields of a date. */
  get shown(): Date {
    return new Date(this.at + this.zone.offsetMs(this.at))
  }

  /** Where clocks show it; of a time that they skip or show twice one that is right on one side of the change. */
  set(year: number, month: number, day: number, hour: number, minute = 0): void {
    const shown = Date.UTC(year, month, day, hour, minute)
    const offset = this.zone.offsetMs(shown)
    this.at = shown - this.zone.offsetMs(shown - offset)
  }

  /** The first time that something has to move, what is smaller begins anew. */
  once(back: () => void): void {
    if (!this.isMoved) back()
    this.isMoved = true
  }
}

/** @returns the first time after `after`, milliseconds since 1970; `undefined` when there is none for years */
export function nextFire(cron: Cron, zone: Zone, after: number): number | undefined {
  const hand = new Hand(Math.floor(after / SECOND_MS) * SECOND_MS + SECOND_MS, zone)
  const lastYear = hand.shown.getUTCFullYear() + MOST_YEARS
  const steps = [toMonth, toDay, toHour, toMinute, toFullMinute]
  while (hand.shown.getUTCFullYear() <= lastYear) {
    // Each begins anew when it has come to the start of what is larger.
    if (steps.every((step) => step(hand, cron))) return hand.at
  }
  return undefined
}

function toMonth(hand: Hand, { months }: Cron): boolean {
  while (!months.has(hand.shown.getUTCMonth() + 1)) {
    hand.once(() => {
      hand.set(hand.shown.getUTCFullYear(), hand.shown.getUTCMonth(), 1, 0)
    })
    const { shown } = hand
    hand.set(
      shown.getUTCFullYear(),
      shown.getUTCMonth() + 1,
      shown.getUTCDate(),
      shown.getUTCHours(),
      shown.getUTCMinutes(),
    )
    if (hand.shown.getUTCMonth() === 0) return false
  }
  return true
}

function toDay(hand: Hand, cron: Cron): boolean {
  while (!isDay(cron, hand.shown)) {
    const { shown } = hand
    hand.once(() => {
      hand.set(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate(), 0)
    })
    const day = hand.shown
    hand.set(
      day.getUTCFullYear(),
      day.getUTCMonth(),
      day.getUTCDate() + 1,
      day.getUTCHours(),
      day.getUTCMinutes(),
    )
    // Midnight itself may be skipped, or come twice.
    const hour = hand.shown.getUTCHours()
    if (hour !== 0) hand.at += (hour > 12 ? 24 - hour : -hour) * HOUR_MS
    if (hand.shown.getUTCDate() === 1) return false
  }
  return true
}

function isDay({ days, weekdays, anyDay }: Cron, shown: Date): boolean {
  const fits = [days.has(shown.getUTCDate()), weekdays.has(shown.getUTCDay())]
  return anyDay ? fits.every(Boolean) : fits.some(Boolean)
}

function toHour(hand: Hand, { hours }: Cron): boolean {
  while (!hours.has(hand.shown.getUTCHours())) {
    const { shown } = hand
    hand.once(() => {
      hand.set(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate(), shown.getUTCHours())
    })
    hand.at += HOUR_MS
    if (hand.shown.getUTCHours() === 0) return false
  }
  return true
}

function toMinute(hand: Hand, { minutes }: Cron): boolean {
  while (!minutes.has(hand.shown.getUTCMinutes())) {
    hand.once(() => {
      hand.at = Math.floor(hand.at / MINUTE_MS) * MINUTE_MS
    })
    hand.at += MINUTE_MS
    if (hand.shown.getUTCMinutes() === 0) return false
  }
  return true
}

function toFullMinute(hand: Hand): boolean {
  const over = hand.at % MINUTE_MS
  if (over === 0) return true
  hand.isMoved = true
  hand.at += MINUTE_MS - over
  return false
}
