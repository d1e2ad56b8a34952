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

  /** @returns how long it has to wait, 0 when it may be said now; then it counts as said. */
  waitMs(statement: string, now: number): number {
    const last = this.#said.get(statement)
    if (last && now - last.at < FORGOTTEN_MS) {
      const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (last.times - 1))
      if (now - last.at < pauseMs) return last.at + pauseMs - now
      this.#said.set(statement, { at: now, times: last.times + 1 })
      return 0
    }
    this.#said.set(statement, { at: now, times: 1 })
    return 0
  }
}
