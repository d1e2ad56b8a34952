/** Holds back everything while the provider wants nothing: closed by outcomes, opened by time or by a success. */
import { setTimeout as sleep } from 'node:timers/promises'

const LONGEST_PAUSE_MS = 60_000

/** How an outcome closes the gate. */
export interface Closing {
  readonly pauseMs: number
  /** How many of them without a success in between do; the first does when nothing is said. */
  readonly patience?: number
}

export class Gate {
  #opensAt = 0
  #failures = 0
  #inARow = 0

  /** Several closings at once count as one; each further one lasts twice as long. */
  close(pauseMs: number, now: number): void {
    if (pauseMs === 0 || now < this.#opensAt) return
    this.#opensAt = now + Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
  }

  failed({ pauseMs, patience = 1 }: Closing, now: number): void {
    if (pauseMs === 0) return
    this.#inARow += 1
    if (this.#inARow >= patience) this.close(pauseMs, now)
  }

  succeeded(): void {
    this.#failures = 0
    this.#inARow = 0
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
