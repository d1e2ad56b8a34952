/** Holds back everything while the provider wants nothing: closed by outcomes, opened by time or by a success. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from './ports.ts'
import { isBeforeMail } from '../domain/reply.ts'
import { RETRY_CLASSES } from '../domain/retryClasses.ts'

const LONGEST_PAUSE_MS = 60_000
/** More than any patience. */
const MOST_REMEMBERED = 100

/** How an outcome closes the gate. */
export interface Closing {
  readonly pauseMs: number
  /** How many recipients must be told so, without a success in between; one when nothing is said. */
  readonly patience?: number
}

/** What an API says, or a server before any mail, is about everybody; an answer that never came may be one connection. */
export function closingOf({ retryClass, stage }: Outcome): Closing {
  const closing = RETRY_CLASSES[retryClass]
  const isOfAll = retryClass !== 'ambiguous' && (stage === 'api' || isBeforeMail(stage))
  return isOfAll ? { pauseMs: closing.pauseMs } : closing
}

export class Gate {
  #opensAt = 0
  #failures = 0
  /** Who has been refused since the last success: one that is tried again and again counts once. */
  readonly #refused = new Set<unknown>()

  /** Several closings at once count as one; each further one lasts twice as long. */
  close(pauseMs: number, now: number): void {
    if (pauseMs === 0 || now < this.#opensAt) return
    this.#opensAt = now + Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
  }

  /**
   * @param recipient whose mail it was; unset = of somebody else than those before
   * @returns whether it is about everybody.
   */
  failed({ pauseMs, patience = 1 }: Closing, now: number, recipient: unknown = Symbol()): boolean {
    if (pauseMs === 0) return false
    if (this.#refused.size < MOST_REMEMBERED) this.#refused.add(recipient)
    if (this.#refused.size < patience) return false
    this.close(pauseMs, now)
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#refused.clear()
  }

  /** Until it opens; 0 when it is open. */
  waitMs(now: number): number {
    return Math.max(0, this.#opensAt - now)
  }

  async passed(signal: AbortSignal): Promise<void> {
    for (let waitMs = this.waitMs(Date.now()); waitMs > 0; waitMs = this.waitMs(Date.now())) {
      if (signal.aborted) return
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }
}
