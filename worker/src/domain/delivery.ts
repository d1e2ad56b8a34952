/** What a provider tells of a mail after it took it, and how such tidings follow on each other. */

export const DELIVERY_FACTS = {
  accepted: { rank: 10, proves: 'sent' },
  delayed: { rank: 20, proves: 'sent' },
  bounced_undetermined: { rank: 30, proves: 'sent' },
  /** Below `delivered`: an absence notice counts as one, after the delivery. */
  bounced_transient: { rank: 31, proves: 'sent' },
  delivered: { rank: 40, proves: 'sent' },
  opened: { rank: 50, proves: 'sent' },
  clicked: { rank: 60, proves: 'sent' },
  /** Taken by the provider and then not sent. */
  rejected: { rank: 70, proves: 'failed' },
  bounced_permanent: { rank: 80, proves: 'sent' },
  complained: { rank: 90, proves: 'sent' },
} as const satisfies Record<
  string,
  {
    /** Tidings come in any order: what ranks lower than what is known changes nothing. */
    readonly rank: number
    /** What a recipient is of whom nobody knew whether the mail went. */
    readonly proves: 'sent' | 'failed'
  }
>

export type DeliveryFact = keyof typeof DELIVERY_FACTS

export type SuppressionCause = 'bounce' | 'complaint'

/** One event of a provider about one mail. */
export interface ProviderEvent {
  readonly fact: DeliveryFact
  /** When it happened, as the provider says. */
  readonly at: Date | undefined
  readonly providerMessageId: string | undefined
  /** Our own mark on the mail. */
  readonly recipient: { readonly batchId: string; readonly seq: number } | undefined
  /** Short and ours, such as `ses_mailbox_full`. */
  readonly code: string | undefined
  /** Addresses that are to get no more mail. */
  readonly suppress: readonly string[]
  readonly cause: SuppressionCause | undefined
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const SEQ = /^\d{1,9}$/

/** Reads our mark back from what a provider returns of it. */
export function parseRecipientMark(batchId: unknown, seq: unknown): ProviderEvent['recipient'] {
  if (typeof batchId !== 'string' || typeof seq !== 'string') return undefined
  return UUID.test(batchId) && SEQ.test(seq) ? { batchId, seq: Number(seq) } : undefined
}
