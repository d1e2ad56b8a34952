/** How many connections a server takes of us: learnt from its refusals, and tried again now and then. */

const FIRST_RAISE_MS = 1_000
const LAST_RAISE_MS = 600_000

export class ConnectionLimit {
  readonly #most: number
  #allowed: number
  #raiseAfterMs = FIRST_RAISE_MS
  #changedAtMs = 0
  #wasRaised = false

  /** @param most as it is set */
  constructor(most: number) {
    this.#most = most
    this.#allowed = most
  }

  get allowed(): number {
    return this.#allowed
  }

  /**
   * Lowered to what is open at once. One more that is refused again is waited for twice as long.
   * @param open without the one that was refused
   */
  refused(open: number, nowMs: number): void {
    if (this.#wasRaised) this.#raiseAfterMs = Math.min(LAST_RAISE_MS, this.#raiseAfterMs * 2)
    this.#wasRaised = false
    this.#allowed = Math.max(1, Math.min(this.#allowed, open))
    this.#changedAtMs = nowMs
  }

  /** By one, when nothing has been refused for a while. */
  took(nowMs: number): void {
    if (this.#allowed >= this.#most || nowMs - this.#changedAtMs < this.#raiseAfterMs) return
    this.#allowed += 1
    this.#changedAtMs = nowMs
    this.#wasRaised = true
  }
}
