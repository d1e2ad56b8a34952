/** Since when the provider has let nothing through, and why. */
import type { Outcome } from './ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'

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

/** How long the last refusal counts when nothing was tried since: whoever was refused comes back within a part of the whole. */
const COUNTS_MS = 60_000
const PART_OF_WHOLE = 0.2

/** From the first refusal that is about everybody to the next success. */
export class OutageNote {
  #since: number | undefined
  #lastAt = 0
  #last: Pick<Outcome, 'retryClass' | 'code' | 'replyCode'> | undefined

  refused({ retryClass, code, replyCode }: Outcome, now: number): void {
    if (this.current(now) === undefined) this.#since = now
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
    if (now > this.#lastAt + COUNTS_MS + PART_OF_WHOLE * (this.#lastAt - since)) return undefined
    return { since: new Date(since), lastAt: new Date(this.#lastAt), ...this.#last }
  }
}
