/** Since when the provider has let nothing through, and why. */
import type { Outcome } from './ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import { LONGEST_UNSPENT_MS } from '../domain/backoff.ts'

export interface ProviderOutage {
  readonly since: Date
  /** The last refusal: what was refused once and not tried again may be over. */
  readonly lastAt: Date
  readonly retryClass: RetryClass
  /** Ours, such as `smtp_451`. */
  readonly code?: string
  readonly replyCode?: number
}

/** From the first refusal to the last. */
export const spanMs = ({ since, lastAt }: ProviderOutage): number =>
  Math.max(0, lastAt.getTime() - since.getTime())

/** How long the last refusal is told of when nothing was tried since: whoever was refused comes back within a part of the whole. */
const TOLD_MS = 60_000
const PART_OF_WHOLE = 0.2
/** Or, where the outage is older than this worker, within three times the longest pause so far: pauses differ by as much. */
const OF_LONGEST_PAUSE = 3
/** For how long the next refusal is one of the same outage. */
const COUNTS_MS = 1.5 * LONGEST_UNSPENT_MS

/** From the first refusal that is about everybody to the next success. */
export class OutageNote {
  #since: number | undefined
  #longestPauseMs = 0
  #lastAt = 0
  #last: Pick<Outcome, 'retryClass' | 'code' | 'replyCode'> | undefined

  refused({ retryClass, code, replyCode }: Outcome, now: number): void {
    if (this.#since === undefined || now > this.#lastAt + COUNTS_MS) {
      this.#since = now
      this.#longestPauseMs = 0
    } else this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#lastAt)
    this.#lastAt = now
    this.#last = {
      retryClass,
      ...(code !== undefined && { code }),
      ...(replyCode !== undefined && { replyCode }),
    }
  }

  succeeded(): void {
    this.#since = undefined
  }

  current(now: number): ProviderOutage | undefined {
    const since = this.#since
    if (since === undefined || this.#last === undefined) return undefined
    const ofWhole = TOLD_MS + PART_OF_WHOLE * (this.#lastAt - since)
    const ofPause = Math.min(COUNTS_MS, OF_LONGEST_PAUSE * this.#longestPauseMs)
    if (now > this.#lastAt + Math.max(ofWhole, ofPause)) return undefined
    return { since: new Date(since), lastAt: new Date(this.#lastAt), ...this.#last }
  }
}
