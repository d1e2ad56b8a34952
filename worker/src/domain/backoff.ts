/** How long to wait before the next try. */

const FIRST_MS = 2_000
const LAST_MS = 3_600_000

/**
 * 2 s, four times as long after each try, an hour at most; between half and all of it, so that what failed together
 * does not come back together.
 * @param tries spent so far, at least 1
 * @param random 0 ≤ x < 1
 */
export function backoffMs(tries: number, random: number): number {
  const fullMs = Math.min(LAST_MS, FIRST_MS * 4 ** Math.max(0, tries - 1))
  return Math.round(fullMs * (0.5 + random / 2))
}

const UNSPENT_FIRST_MS = 5_000
const UNSPENT_LAST_MS = 600_000
export const LONGEST_UNSPENT_MS = 1.5 * UNSPENT_LAST_MS

/**
 * Where no try is spent: 5 s, then a tenth of how long it has been going on, ten minutes at most; between half and one
 * and a half of it.
 * @param ageMs since the first try
 * @param random 0 ≤ x < 1
 */
export function unspentMs(ageMs: number, random: number): number {
  const fullMs = Math.min(UNSPENT_LAST_MS, Math.max(UNSPENT_FIRST_MS, ageMs / 10))
  return Math.round(fullMs * (0.5 + random))
}

/**
 * For loops that wait for a server: 250 ms doubling to 15 s, full jitter above the first step.
 * @param failures in a row, at least 1
 */
export function reconnectMs(failures: number, random: number): number {
  const fullMs = Math.min(15_000, 250 * 2 ** Math.min(10, failures - 1))
  return Math.round(250 + (fullMs - 250) * random)
}
