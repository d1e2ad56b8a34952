/** Rows of an upload, whatever it is written in. */
import { createHash } from 'node:crypto'
import type { FieldError, Problem } from '../problem.ts'

/** A recipient as `POST /v1/batches` would have it, or why there is none. */
export type Given = { readonly value: unknown } | { readonly fault: FieldError }

export interface Row {
  /** What it is recognised by when it is given again. */
  readonly text: string
  read(): Given
}

/** Makes rows of the pieces of a body, of which it keeps no more than one row. */
export interface RowReader {
  push(piece: Buffer): Promise<readonly Row[]>
  /** The last one, when nothing follows. */
  end(): Promise<readonly Row[]>
  /** Why there are no rows, or none after those it gave. */
  readonly problem: Problem | undefined
}

/** A recipient whose values add 262,144 characters to its mail has room for them here, however they are written. */
export const ROW_BYTES = 1_048_576

/** Of rows that come by and by. */
export class Digest {
  readonly #hash = createHash('sha256')

  add(rows: readonly Row[]): void {
    this.#hash.update(rows.map(({ text }) => `${text}\n`).join(''))
  }

  /** The end of it. */
  hex(): string {
    return this.#hash.digest('hex')
  }
}
