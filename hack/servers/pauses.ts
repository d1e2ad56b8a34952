/** Pauses between looks at something that comes soon or late, ever longer; milliseconds. */

/** What comes soon is seen soon. */
export const FIRST_PAUSE_MS = 30

/** Whoever waits long must not keep the machine busy with asking. */
export const nextPauseMs = (lastMs: number, longestMs: number): number => Math.min(lastMs * 1.3, longestMs)
