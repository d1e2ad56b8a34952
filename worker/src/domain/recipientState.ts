/** The states of one recipient of a batch. */

export const RECIPIENT_STATES = [
  /** Waits for its first claim, or for the next one without having been tried. */
  'pending',
  /** Claimed by a worker that holds a lease; what becomes of it is not recorded yet. */
  'sending',
  /** Refused for now; tried again when due. */
  'deferred',
  /** The provider accepted it. */
  'sent',
  /** Will not be tried again. */
  'failed',
  /** Perhaps accepted, perhaps not: nobody knows and nobody sends it again. */
  'uncertain',
  /** The batch was cancelled before its turn. */
  'cancelled',
] as const

export type RecipientState = (typeof RECIPIENT_STATES)[number]

export type RecipientCounts = Readonly<Record<RecipientState, number>>

/** Recipients per state, with a zero for every state that no recipient is in. */
export function countsOf(rows: Iterable<readonly [RecipientState, number]>): RecipientCounts {
  const counts = { pending: 0, sending: 0, deferred: 0, sent: 0, failed: 0, uncertain: 0, cancelled: 0 }
  for (const [state, count] of rows) counts[state] = count
  return counts
}

/** States from which a recipient goes on. */
export const UNFINISHED = ['pending', 'sending', 'deferred'] as const satisfies readonly RecipientState[]
