/** What a provider tells of a mail after it took it, and how such tidings follow on each other. */
import type { RetryClass } from './retryClasses.ts'

export const DELIVERY_FACTS = {
  accepted: { rank: 10, proves: 'sent' },
  delayed: { rank: 20, proves: 'sent' },
  /** Taken by the provider and then not sent. Below whatever only a mail that was sent can bring about. */
  rejected: { rank: 25, proves: 'failed' },
  bounced_undetermined: { rank: 30, proves: 'sent' },
  /** Below `delivered`: an absence notice counts as one, after the delivery. */
  bounced_transient: { rank: 31, proves: 'sent' },
  delivered: { rank: 40, proves: 'sent' },
  opened: { rank: 50, proves: 'sent' },
  clicked: { rank: 60, proves: 'sent' },
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

/**
 * Whose fault it is that a mail was taken and then not sent, by words of the event's code, as a regular expression that
 * PostgreSQL has too; the first row that fits. SES names bad content and templates, Resend quotas and further reasons
 * that it lists nowhere: one that is not known here may fare better another time.
 */
export const REJECTION_CLASSES: readonly (readonly [words: string, retryClass: RetryClass])[] = [
  ['quota', 'quota'],
  ['rate_limit|rate_limited|throttled|throttling|too_many_requests', 'throttle'],
  ['api_key|account|suspended|paused|restricted|permission|unauthorized|forbidden', 'account'],
  ['recipient|recipients|mailbox|to_address', 'recipient'],
  ['domain|sender|from_address|content|rendering_failure|template|virus', 'sender'],
]

export const REJECTION_OTHERWISE: RetryClass = 'transient'

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
  /** Addresses that are to get no more mail, as the provider names them: for a mail of which we do not know to whom. */
  readonly suppress: readonly string[]
  /** Why its recipient is to get no more mail, whomever the event names. */
  readonly cause: SuppressionCause | undefined
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const SEQ = /^\d{1,9}$/

/** Reads our mark back from what a provider returns of it. */
export function parseRecipientMark(batchId: unknown, seq: unknown): ProviderEvent['recipient'] {
  if (typeof batchId !== 'string' || typeof seq !== 'string') return undefined
  return UUID.test(batchId) && SEQ.test(seq) ? { batchId, seq: Number(seq) } : undefined
}
