/** Lines out of pieces of bytes; of one that is too long only the beginning is kept. */
import { isUtf8 } from 'node:buffer'

export interface Line {
  /** Of one at fault, its bytes as Latin-1. */
  readonly text: string
  readonly fault?: 'row_too_long' | 'invalid_utf8'
}

const LF = 0x0a

export class Lines {
  readonly #most: number
  #begun: Buffer[] = []
  #bytes = 0

  /** @param most bytes of a line, without its end */
  constructor(most: number) {
    this.#most = most
  }

  /** The lines that are complete with this piece. */
  push(piece: Buffer): readonly Line[] {
    const first = piece.indexOf(LF)
    if (first === -1) {
      this.#keep(piece)
      return []
    }
    const last = piece.lastIndexOf(LF)
    this.#keep(piece.subarray(0, first))
    const lines = [this.#line(), ...linesOf(piece.subarray(first + 1, last), last > first, this.#most)]
    this.#keep(piece.subarray(last + 1))
    return lines
  }

  /** What stands behind the last end of a line; undefined when there is nothing. */
  end(): Line | undefined {
    return this.#bytes === 0 ? undefined : this.#line()
  }

  #keep(bytes: Buffer): void {
    const room = this.#most + 1 - this.#bytes
    if (room <= 0 || bytes.length === 0) return
    const kept = bytes.subarray(0, room)
    this.#begun.push(kept)
    this.#bytes += kept.length
  }

  #line(): Line {
    const bytes = Buffer.concat(this.#begun, this.#bytes)
    this.#begun = []
    this.#bytes = 0
    return lineOf(bytes, this.#most)
  }
}

function linesOf(bytes: Buffer, isThere: boolean, most: number): readonly Line[] {
  if (!isThere) return []
  // Nearly always all of it is fine, and then looked at once.
  if (bytes.length <= most && isUtf8(bytes)) return bytes.toString('utf8').split('\n').map(textLine)
  const lines: Line[] = []
  for (let from = 0; from <= bytes.length;) {
    const at = bytes.indexOf(LF, from)
    const end = at === -1 ? bytes.length : at
    lines.push(lineOf(bytes.subarray(from, end), most))
    from = end + 1
  }
  return lines
}

const textLine = (text: string): Line => ({ text })

function lineOf(bytes: Buffer, most: number): Line {
  if (bytes.length > most) return { text: bytes.toString('latin1', 0, most), fault: 'row_too_long' }
  return isUtf8(bytes)
    ? { text: bytes.toString('utf8') }
    : { text: bytes.toString('latin1'), fault: 'invalid_utf8' }
}
