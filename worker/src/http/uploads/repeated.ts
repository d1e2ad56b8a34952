/** Rows that were taken before and are given again: recognised part by part, or found to be others. */
import type { UploadPart } from '../ports.ts'
import type { Row } from './rows.ts'
import { digestOf } from './rows.ts'

export class Repeated {
  readonly #partsFrom: (row: number) => Promise<readonly UploadPart[]>
  #parts: readonly UploadPart[] = []
  #rows: Row[] = []
  #at: number

  /** @param from the row that it begins with, which is the first one of a part */
  constructor(from: number, partsFrom: (row: number) => Promise<readonly UploadPart[]>) {
    this.#at = from
    this.#partsFrom = partsFrom
  }

  /** @returns whether these are the rows that were taken. */
  async take(rows: readonly Row[]): Promise<boolean> {
    for (const row of rows) {
      this.#rows.push(row)
      const part = await this.#part()
      if (part === undefined) return false
      if (this.#rows.length < part.rows) continue
      if (digestOf(this.#rows) !== part.digest) return false
      this.#at += part.rows
      this.#rows = []
      this.#parts = this.#parts.slice(1)
    }
    return true
  }

  /** What there is of a part was not that. */
  get isWithinPart(): boolean {
    return this.#rows.length > 0
  }

  async #part(): Promise<UploadPart | undefined> {
    if (this.#parts.length === 0) this.#parts = await this.#partsFrom(this.#at)
    return this.#parts[0]
  }
}
