/** Holds back everything while the provider wants nothing: closed by outcomes, opened by time or by a success. */
import { setTimeout as sleep } from 'node:timers/promises'

const LONGEST_PAUSE_MS = 60_000

export class Gate {
  #opensAt = 0
  #failures = 0

  /** Several closings at once count as one; each further one lasts twice as long. */
  close(pauseMs: number, now: number): void {
    if (pauseMs === 0 || now < this.#opensAt) return
    this.#opensAt = now + Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
  }

  succeeded(): void {
    this.#failures = 0
  }

  async passed(signal: AbortSignal): Promise<void> {
    for (let waitMs = this.#opensAt - Date.now(); waitMs > 0; waitMs = this.#opensAt - Date.now()) {
      if (signal.aborted) return
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }
}
