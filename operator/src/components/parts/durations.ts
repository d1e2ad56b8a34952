/** Durations as users write them. */

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000 } as const

/** `2160h` → milliseconds. The schema has admitted only hours, minutes and seconds. */
export function parseDurationMs(text: string): number {
  return [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS],
    0,
  )
}
