/**
 * How much of what outside servers send may be on its way at once. Each answer is bounded by itself; hundreds of servers
 * that send as much as they may, all at once, are bounded here. A namespace has a share, so that one cannot leave nothing
 * to others.
 */
export interface Budget {
  readonly mostBytes: number
  readonly mostBytesOfNamespace: number
}

/** A sixteenth of the memory that the operator's manifest gives it, and a quarter of that for each namespace. */
export const ALL_ANSWERS: Budget = { mostBytes: 16_777_216, mostBytesOfNamespace: 4_194_304 }

/** Answers of ordinary length are free: they are never refused for what others send. */
const FREE_BYTES = 16_384

export class AnswerBudget {
  readonly #budget: Budget
  readonly #held = new Map<string, number>()
  #total = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** For one connection of a namespace. */
  account(namespace: string): Account {
    let bytes = 0
    let held = 0
    return {
      take: (more) => {
        bytes += more
        const wanted = Math.max(0, bytes - FREE_BYTES) - held
        if (!this.#hold(namespace, wanted)) return false
        held += wanted
        return true
      },
      end: () => {
        this.#hold(namespace, -held)
        held = 0
      },
    }
  }

  /** Bytes that are held beyond what is free. */
  get held(): number {
    return this.#total
  }

  #hold(namespace: string, bytes: number): boolean {
    const ofNamespace = (this.#held.get(namespace) ?? 0) + bytes
    const total = this.#total + bytes
    const { mostBytes, mostBytesOfNamespace } = this.#budget
    if (bytes > 0 && (total > mostBytes || ofNamespace > mostBytesOfNamespace)) return false
    this.#total = total
    if (ofNamespace === 0) this.#held.delete(namespace)
    else this.#held.set(namespace, ofNamespace)
    return true
  }
}

export interface Account {
  /** @returns whether there is room for so many more bytes; they are held until the end. */
  readonly take: (bytes: number) => boolean
  /** What was held is free again; may be said twice. */
  readonly end: () => void
}
