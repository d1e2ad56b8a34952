/** Why nothing is sent to an address. */

/** From the weakest to the strongest: a stronger reason replaces a weaker one, never the other way round. */
export const SUPPRESSION_REASONS = ['manual', 'bounce', 'unsubscribe', 'complaint'] as const

export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number]
