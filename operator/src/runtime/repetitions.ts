/** What has to be said again and again: each repetition waits twice as long as the one before. */
import { Recent } from './recent.ts'

/** Not said for so long, it is not a repetition. */
const FORGOTTEN_MS = 900_000
const MOST_REMEMBERED = 8_192

export interface Pauses {
  readonly firstMs: number
  readonly longestMs: number
}

interface Said {
  readonly at: number
  readonly times: number
}

export class Repetitions {
  readonly #now: () => number
  readonly #said = new Recent<string, Said>(MOST_REMEMBERED)

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now
  }

  /** @returns how long it has to wait, 0 when it may be said now. */
  waitMs(words: string, { firstMs, longestMs }: Pauses): number {
    const last = this.#last(words)
    if (!last) return 0
    const pauseMs = Math.min(longestMs, firstMs * 2 ** (last.times - 1))
    return Math.max(0, last.at + pauseMs - this.#now())
  }

  said(words: string): void {
    this.#said.set(words, { at: this.#now(), times: (this.#last(words)?.times ?? 0) + 1 })
  }

  #last(words: string): Said | undefined {
    const last = this.#said.get(words)
    return last && this.#now() - last.at < FORGOTTEN_MS ? last : undefined
  }
}
