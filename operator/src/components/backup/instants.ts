/** Instants of others: clocks differ, and what lies further ahead is not of this world. Pure. */

const SKEW_MS = 60_000

/** What a backup has in it was there when it was begun, as its name says. */
export const isTooYoung = (cutoff: Date, begunAt: Date): boolean => isAhead(cutoff, begunAt)

export const isAhead = (at: Date, now: Date): boolean => at.getTime() > now.getTime() + SKEW_MS
