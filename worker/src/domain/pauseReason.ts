/** Why a batch paused by itself: one refusal dominated its last results. */

export interface Refusal {
  readonly class: string
  /** Short and ours, such as `smtp_554`. */
  readonly code: string | null
  /** Such as `5.7.1` (RFC 3463). */
  readonly enhancedCode: string | null
}

export interface DominantRefusal extends Refusal {
  /** What the server said of one of them. */
  readonly detail: string | null
  /** So many … */
  readonly count: number
  /** … of the last so many results. */
  readonly of: number
}

export interface PauseReason extends DominantRefusal {
  /** RFC 3339. */
  readonly at: string
}

/** The same for the same refusal; as PostgreSQL makes it, too. */
export const refusalKey = ({ class: own, code, enhancedCode }: Refusal): string =>
  [own, code ?? '', enhancedCode ?? ''].join('|')
