/** How often the same thing failed without a success between, and for how long. */
import { Recent } from './recent.ts'

export interface Streak {
  readonly count: number
  /** Since the first of them; milliseconds. */
  readonly forMs: number
}

const MOST_REMEMBERED = 10_000
/** A hiccup is over by then, however fast it was tried again meanwhile. */
const LASTING_MS = 15_000
const LASTING_COUNT = 3

export class Failures {
  readonly #now: () => number
  readonly #streaks = new Recent<string, { readonly count: number; readonly since: number }>(MOST_REMEMBERED)

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now
  }

  failed(key: string): Streak {
    const now = this.#now()
    const last = this.#streaks.get(key)
    const next = { count: (last?.count ?? 0) + 1, since: last?.since ?? now }
    this.#streaks.set(key, next)
    return { count: next.count, forMs: now - next.since }
  }

  succeeded(key: string): void {
    this.#streaks.delete(key)
  }
}

/** Worth telling: three in a row, and not all of them within one hiccup. */
export function isLasting({ count, forMs }: Streak): boolean {
  return count >= LASTING_COUNT && forMs >= LASTING_MS
}
