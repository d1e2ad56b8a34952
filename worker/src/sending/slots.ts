/** The bound on mails between claim and record, handed out several at a time so that claims stay few. */
import type { Lane } from './ports.ts'

interface Waiting {
  readonly limit: number
  readonly unit: number
  readonly groups: number
  readonly grant: (count: number) => void
}

export interface Wish {
  /** Only multiples of it are handed out: what a large mail takes; more than `largest` is too much. */
  readonly unit?: number
  /** How many groups are handed out at once when they are free; one is enough to go on. */
  readonly groups?: number
  /** Express is served first, and waits for no group. */
  readonly lane?: Lane
}

export class Slots {
  readonly #size: number
  readonly #batch: number
  readonly #most: Readonly<Record<Lane, number>>
  readonly #held: Record<Lane, number> = { express: 0, bulk: 0 }
  readonly #waiting: Readonly<Record<Lane, Waiting[]>> = { express: [], bulk: [] }
  readonly #newcomers: (() => void)[] = []
  /** Work that was let in and has not got its first slots yet. */
  #ahead = 0

  /**
   * @param batch how many must be free before any is handed out, so that one claim takes several
   * @param reserved how many bulk never has; of the others a group is never express
   */
  constructor(size: number, batch: number, reserved = 0) {
    this.#size = size
    this.#batch = Math.min(batch, size - reserved)
    this.#most = { bulk: size - reserved, express: Math.max(size - this.#batch, size >> 1, 1) }
  }

  /** The most that one mail may take, so that there is always room for two. */
  get largest(): number {
    return Math.max(1, this.#most.bulk >> 1)
  }

  get taken(): number {
    return this.#held.express + this.#held.bulk
  }

  /** @returns how many were taken, `unit` to `limit`; 0 when aborted while waiting. */
  take(limit: number, signal: AbortSignal, wish: Wish = {}): Promise<number> {
    if (signal.aborted) return Promise.resolve(0)
    const { unit = 1, groups = 1, lane = 'bulk' } = wish
    const waitingOfLane = this.#waiting[lane]
    return new Promise((resolve) => {
      const onAbort = () => {
        waitingOfLane.splice(waitingOfLane.indexOf(waiting), 1)
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
      waitingOfLane.push(waiting)
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

  giveBack(count: number, lane: Lane = 'bulk'): void {
    this.#held[lane] -= count
    this.#serve()
    this.#admit()
  }

  #freeFor(lane: Lane): number {
    return Math.min(this.#size - this.taken, this.#most[lane] - this.#held[lane])
  }

  #admit(): void {
    while (this.#newcomers.length > 0) {
      const left = this.#waiting.bulk.length > 0 ? 0 : this.#freeFor('bulk') - this.#ahead * this.#batch
      if (this.#ahead > 0 && left < this.#batch) return
      this.#newcomers.shift()?.()
    }
  }

  /** Whoever waits in one lane for its own bound holds up nobody in the other. */
  #serve(): void {
    this.#serveLane('express', () => 1)
    const [first] = this.#waiting.express
    // What one is waiting for is not taken away by others.
    const isShort = first !== undefined && this.#held.express + first.unit <= this.#most.express
    if (!isShort) this.#serveLane('bulk', ({ limit }) => Math.min(this.#batch, limit))
  }

  #serveLane(lane: Lane, leastOf: (waiting: Waiting) => number): void {
    const waiting = this.#waiting[lane]
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const { limit, unit, groups } = next
      const free = this.#freeFor(lane)
      if (free < Math.max(unit, leastOf(next))) return
      const most = Math.min(free, Math.max(unit, this.#batch * groups), limit)
      const count = most - (most % unit)
      this.#held[lane] += count
      waiting.shift()
      next.grant(count)
    }
  }
}
