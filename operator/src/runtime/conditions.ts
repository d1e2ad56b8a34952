/** Conditions as the API conventions want them kept. Pure. */

export interface ConditionLike {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly observedGeneration: number
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
}

/** A condition as a pass found it; its history comes from the status before. */
export type NextCondition = Pick<ConditionLike, 'type' | 'status' | 'reason' | 'message'>

const LONGEST_MESSAGE = 1_024

/**
 * `lastTransitionTime` moves only when `status` does; `observedGeneration` is refreshed even when nothing else
 * changes, or `kubectl wait` would wait for ever. Conditions that are not in `next` are dropped.
 */
export function mergeConditions(
  previous: readonly ConditionLike[],
  next: readonly NextCondition[],
  { generation, now }: { readonly generation: number; readonly now: Date },
): ConditionLike[] {
  return next.map(({ type, status, reason, message }) => {
    const last = previous.find((condition) => condition.type === type)
    const unmoved = last?.status === status
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: unmoved ? last.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`,
      reason,
      message: capped(message),
    }
  })
}

/** Cut between characters: half of one would come back changed, and be written again for ever. */
function capped(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message.toWellFormed()
  const cut = message.slice(0, LONGEST_MESSAGE - 1)
  return `${cut.replace(/[\uD800-\uDBFF]$/, '')}…`.toWellFormed()
}
