/** Statements that have to be said again and again: each repetition waits twice as long as the one before. */
import { Recent } from '../runtime/recent.ts'

const FIRST_MS = 5_000
const LONGEST_MS = 300_000
/** Not said for so long, it is not a repetition. */
const FORGOTTEN_MS = 900_000
const MOST = 4_096

interface Said {
  readonly at: number
  readonly times: number
}

export class Repetitions {
  readonly #said = new Recent<string, Said>(MOST)

  /** @returns how long it has to wait, 0 when it may be said now. */
  waitMs(statement: string, now: number): number {
    const last = this.#last(statement, now)
    if (!last) return 0
    const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (last.times - 1))
    return Math.max(0, last.at + pauseMs - now)
  }

  /** It was carried out: one that never reached the server is no repetition. */
  said(statement: string, now: number): void {
    this.#said.set(statement, { at: now, times: (this.#last(statement, now)?.times ?? 0) + 1 })
  }

  #last(statement: string, now: number): Said | undefined {
    const last = this.#said.get(statement)
    return last && now - last.at < FORGOTTEN_MS ? last : undefined
  }
}
