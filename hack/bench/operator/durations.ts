/** How long the scenarios last: enough to see that something happens, or enough to tell what it costs. */

export interface Durations {
  readonly noiseMs: number
  /** For ours, and for the others, whose standing still is not the question. */
  readonly steadyMs: { readonly ours: number; readonly others: number }
  readonly blackHoleMs: number
  readonly throttledMs: number
  /** How long children are still deleted after a fault is over. */
  readonly aftermathMs: number
  /** After that, how long is waited for what is not healed. */
  readonly patienceMs: number
  readonly foreignSecrets: number
}

export const QUICK: Durations = {
  noiseMs: 5_000,
  steadyMs: { ours: 10_000, others: 5_000 },
  blackHoleMs: 5_000,
  throttledMs: 5_000,
  aftermathMs: 5_000,
  patienceMs: 20_000,
  foreignSecrets: 50,
}

export const FULL: Durations = {
  noiseMs: 60_000,
  steadyMs: { ours: 900_000, others: 120_000 },
  blackHoleMs: 120_000,
  throttledMs: 30_000,
  aftermathMs: 30_000,
  patienceMs: 180_000,
  foreignSecrets: 1_000,
}
