/** Rows that were taken before and are given again: recognised part by part, or found to be others. */
import type { UploadPart } from '../ports.ts'
import type { Row } from './rows.ts'
import { Digest } from './rows.ts'

export class Repeated {
  readonly #partsFrom: (row: number) => Promise<readonly UploadPart[]>
  #parts: readonly UploadPart[] = []
  #digest = new Digest()
  #rows = 0
  #at: number

  /** @param from the row that it begins with, which is the first one of a part */
  constructor(from: number, partsFrom: (row: number) => Promise<readonly UploadPart[]>) {
    this.#at = from
    this.#partsFrom = partsFrom
  }

  /** @returns whether these are the rows that were taken. */
  async take(rows: readonly Row[]): Promise<boolean> {
    for (let left = rows; left.length > 0;) {
      const part = await this.#part()
      if (part === undefined) return false
      const own = left.slice(0, part.rows - this.#rows)
      left = left.slice(own.length)
      this.#digest.add(own)
      this.#rows += own.length
      if (this.#rows === part.rows && !this.#isThat(part)) return false
    }
    return true
  }

  /** What there is of a part was not that. */
  get isWithinPart(): boolean {
    return this.#rows > 0
  }

  #isThat({ rows, digest }: UploadPart): boolean {
    const isSame = this.#digest.hex() === digest
    this.#at += rows
    this.#rows = 0
    this.#digest = new Digest()
    this.#parts = this.#parts.slice(1)
    return isSame
  }

  async #part(): Promise<UploadPart | undefined> {
    if (this.#parts.length === 0) this.#parts = await this.#partsFrom(this.#at)
    return this.#parts[0]
  }
}
