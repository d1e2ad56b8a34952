/** Percentiles and spreads of what was measured. Pure. */

/** Nearest rank. @param share from 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Of an even number of values the mean of the two in the middle. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2
}

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Of the same figure over all rounds. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: medianOf(values), least: percentile(values, 0), most: percentile(values, 1) }
}
