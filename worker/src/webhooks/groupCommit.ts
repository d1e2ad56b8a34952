/**
 * Makes many small durable writes into few: what comes while one group is being written is the next group. Nobody
 * waits longer than a sender would, and no more wait than memory can bear.
 */

export interface GroupCommitOptions<Item> {
  readonly write: (group: readonly Item[]) => Promise<unknown>
  readonly groupSize: number
  /** More than these are turned away. */
  readonly maxWaiting: number
  /** After this long one is told that it was not written, though it may yet be. */
  readonly patienceMs: number
}

interface Waiting<Item> {
  readonly item: Item
  readonly settle: (error?: Error) => void
}

/** There is no room, or no time left: to be tried again. */
export class Overloaded extends Error {}

export class GroupCommit<Item> {
  readonly #options: GroupCommitOptions<Item>
  #waiting: Waiting<Item>[] = []
  #held = 0
  #isWriting = false

  constructor(options: GroupCommitOptions<Item>) {
    this.#options = options
  }

  /** How many wait or are being written. */
  get held(): number {
    return this.#held
  }

  /** Resolves when the item is written. @throws Overloaded, or what writing its group failed with */
  write(item: Item): Promise<void> {
    if (this.#held >= this.#options.maxWaiting) return Promise.reject(new Overloaded('too many wait'))
    this.#held += 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Overloaded('not written in time'))
      }, this.#options.patienceMs)
      const settle = (error?: Error) => {
        clearTimeout(timer)
        if (error === undefined) resolve()
        else reject(error)
      }
      this.#waiting.push({ item, settle })
      void this.#writeAll()
    })
  }

  async #writeAll(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, this.#options.groupSize)
      this.#waiting = this.#waiting.slice(this.#options.groupSize)
      const error = await this.#options.write(group.map(({ item }) => item)).then(() => undefined, errorOf)
      this.#held -= group.length
      for (const { settle } of group) settle(error)
    }
    this.#isWriting = false
  }
}

const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
