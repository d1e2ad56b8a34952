/** Why nothing is sent to an address. */

/** From the weakest to the strongest: a stronger reason replaces a weaker one, never the other way round. */
export const SUPPRESSION_REASONS = ['manual', 'bounce', 'unsubscribe', 'complaint'] as const

export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number]

export interface NewSuppression {
  /** As `parseAddress` normalises it. */
  readonly addressNorm: string
  /** As `spelledBefore` has it, for workers that tell spellings apart; left out when nobody wrote it otherwise. */
  readonly spelled?: string
  readonly reason: SuppressionReason
  /** For people: a diagnostic of the bounce, a ticket. */
  readonly detail?: string
}

export interface Suppression {
  readonly addressNorm: string
  readonly reason: SuppressionReason
  readonly detail: string
  readonly createdAt: Date
}
