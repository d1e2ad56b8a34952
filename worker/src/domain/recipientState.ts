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
  /** Left out: the address was on the suppression list when its turn came. */
  'suppressed',
] as const

export type RecipientState = (typeof RECIPIENT_STATES)[number]

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
