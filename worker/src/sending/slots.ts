/** The bound on mails between claim and record, handed out several at a time so that claims stay few. */

interface Waiting {
  readonly limit: number
  readonly unit: number
  readonly groups: number
  readonly grant: (count: number) => void
}

export class Slots {
  readonly #size: number
  readonly #batch: number
  readonly #waiting: Waiting[] = []
  readonly #newcomers: (() => void)[] = []
  /** Work that was let in and has not got its first slots yet. */
  #ahead = 0
  #free: number

  /** @param batch how many must be free before any is handed out, so that one claim takes several */
  constructor(size: number, batch: number) {
    this.#size = size
    this.#batch = Math.min(batch, size)
    this.#free = size
  }

  /** The most that one mail may take, so that there is always room for two. */
  get largest(): number {
    return Math.max(1, this.#size >> 1)
  }

  get taken(): number {
    return this.#size - this.#free
  }

  /**
   * @param unit only multiples of it are handed out: what a large mail takes; more than half of all is too much
   * @param groups how many are handed out at once when they are free; one is enough to go on
   * @returns how many were taken, `unit` to `limit`; 0 when aborted while waiting.
   */
  take(limit: number, signal: AbortSignal, unit = 1, groups = 1): Promise<number> {
    if (signal.aborted) return Promise.resolve(0)
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        resolve(0)
      }
      const waiting: Waiting = {
        limit,
        unit,
        groups,
        grant: (count) => {
          signal.removeEventListener('abort', onAbort)
          resolve(count)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
      this.#serve()
    })
  }

  /**
   * Lets work in that would find room at once, and one piece more, so that what precedes its sending is done by the time
   * there is room.
   * @returns to be called when it has got its first slots, or needs none.
   */
  letIn(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.resolve(() => undefined)
    return new Promise((resolve) => {
      let isIn = false
      let hasBegun = false
      const begun = () => {
        if (!isIn || hasBegun) return
        hasBegun = true
        this.#ahead -= 1
        this.#admit()
      }
      const come = () => {
        signal.removeEventListener('abort', onAbort)
        isIn = true
        this.#ahead += 1
        resolve(begun)
      }
      const onAbort = () => {
        this.#newcomers.splice(this.#newcomers.indexOf(come), 1)
        resolve(begun)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#newcomers.push(come)
      this.#admit()
    })
  }

  giveBack(count: number): void {
    this.#free += count
    this.#serve()
    this.#admit()
  }

  #admit(): void {
    while (this.#newcomers.length > 0) {
      const left = this.#waiting.length > 0 ? 0 : this.#free - this.#ahead * this.#batch
      if (this.#ahead > 0 && left < this.#batch) return
      this.#newcomers.shift()?.()
    }
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { limit, unit, groups } = next
      if (this.#free < Math.max(unit, Math.min(this.#batch, limit))) return
      const most = Math.min(this.#free, Math.max(unit, this.#batch * groups), limit)
      const count = most - (most % unit)
      this.#free -= count
      this.#waiting.shift()
      next.grant(count)
    }
  }
}
