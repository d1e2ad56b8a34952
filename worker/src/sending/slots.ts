/** The bound on mails between claim and record, handed out several at a time so that claims stay few. */

interface Waiting {
  readonly limit: number
  readonly grant: (count: number) => void
}

export class Slots {
  readonly #size: number
  readonly #batch: number
  readonly #waiting: Waiting[] = []
  #free: number

  /** @param batch how many must be free before any is handed out, so that one claim takes several */
  constructor(size: number, batch: number) {
    this.#size = size
    this.#batch = Math.min(batch, size)
    this.#free = size
  }

  get taken(): number {
    return this.#size - this.#free
  }

  /** @returns how many were taken, 1 to `limit`; 0 when aborted while waiting. */
  take(limit: number, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return Promise.resolve(0)
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        resolve(0)
      }
      const waiting: Waiting = {
        limit,
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

  /** Resolves when a group is free and nobody waits for it: more work would find room at once. */
  async hasRoom(signal: AbortSignal): Promise<void> {
    const group = await this.take(this.#batch, signal)
    this.giveBack(group)
  }

  giveBack(count: number): void {
    this.#free += count
    this.#serve()
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#free < Math.min(this.#batch, next.limit)) return
      const count = Math.min(this.#free, this.#batch, next.limit)
      this.#free -= count
      this.#waiting.shift()
      next.grant(count)
    }
  }
}
