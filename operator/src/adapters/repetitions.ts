/** Statements that have to be said again and again: each repetition waits twice as long as the one before. */
import { Recent } from '../runtime/recent.ts'

/** Not said for so long, it is not a repetition. */
const FORGOTTEN_MS = 900_000
const MOST = 4_096

export interface Pauses {
  readonly firstMs: number
  readonly longestMs: number
}

interface Said {
  readonly at: number
  readonly times: number
}

export class Repetitions {
  readonly #said = new Recent<string, Said>(MOST)
  readonly #pauses: Pauses

  constructor(pauses: Pauses) {
    this.#pauses = pauses
  }

  /** @returns how long it has to wait, 0 when it may be said now. */
  waitMs(statement: string, now: number): number {
    const last = this.#last(statement, now)
    if (!last) return 0
    const { firstMs, longestMs } = this.#pauses
    const pauseMs = Math.min(longestMs, firstMs * 2 ** (last.times - 1))
    return Math.max(0, last.at + pauseMs - now)
  }

  said(statement: string, now: number): void {
    this.#said.set(statement, { at: now, times: (this.#last(statement, now)?.times ?? 0) + 1 })
  }

  #last(statement: string, now: number): Said | undefined {
    const last = this.#said.get(statement)
    return last && now - last.at < FORGOTTEN_MS ? last : undefined
  }
}
