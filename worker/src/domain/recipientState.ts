/** The states of one recipient of a batch. */

export const RECIPIENT_STATE_WORDS = {
  pending: 'waits for its first claim, or for the next one without having been tried',
  sending: 'claimed by a worker; what becomes of it is not recorded yet',
  deferred: 'refused for now; tried again when due',
  sent: 'the provider accepted the mail',
  failed: 'will not be tried again by itself',
  uncertain: 'perhaps accepted, perhaps not: nobody knows, and nobody sends it again unasked',
  cancelled: 'the batch was cancelled before its turn',
  suppressed: 'left out: its address was on the suppression list when its turn came',
} as const

export type RecipientState = keyof typeof RECIPIENT_STATE_WORDS

export const RECIPIENT_STATES = Object.keys(RECIPIENT_STATE_WORDS) as readonly RecipientState[]

export type RecipientCounts = Readonly<Record<RecipientState, number>>

/** Recipients per state, with a zero for every state that no recipient is in. */
export function countsOf(rows: Iterable<readonly [RecipientState, number]>): RecipientCounts {
  const counts = Object.fromEntries(RECIPIENT_STATES.map((state) => [state, 0])) as Record<
    RecipientState,
    number
  >
  for (const [state, count] of rows) counts[state] = count
  return counts
}
