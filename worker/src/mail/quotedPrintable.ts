/**
 * Quoted-printable (RFC 2045 §6.7), written piece by piece: what is the same for every mail is encoded once, and a value
 * on its own. No line is longer than 76 or begins with a dot, and none ends in a blank.
 */
import { escapedBytes, oneByteEach } from './escapedBytes.ts'

/** Of a line, and then the `=` of a soft break. */
const LONGEST = 75
const BREAK = /\r\n|\r|\n/
/** Stands as it is wherever it stands in a line; but for a dot, which may not begin one. */
const PLAIN = /^(?!\.)[\x21-\x3c\x3e-\x7e](?:[\x20-\x3c\x3e-\x7e]*[\x21-\x3c\x3e-\x7e])?$/
/** The same, but for what is to be escaped. */
const WITHIN_A_LINE = /^[^\s.](?:[^\r\n]*[^\s])?$/
/** What is escaped together. */
const ESCAPED = /[^\t\x20-\x3c\x3e-\x7e]+/g

/** What is the same for every mail. */
export interface Segment {
  readonly source: string
  /** As at the beginning of a line. */
  readonly encoded: string
  /** Of its first line, without the `=` of a soft break. */
  readonly head: number
  readonly hasBreaks: boolean
  /** Of its last line. */
  readonly tail: number
}

export function segmentOf(source: string): Segment {
  const writer = new QuotedPrintable()
  writer.value(source)
  const lines = writer.text.split('\r\n')
  return {
    source,
    encoded: oneByteEach(writer.text),
    head: (lines[0] ?? '').replace(/=$/, '').length,
    hasBreaks: lines.length > 1,
    tail: writer.column,
  }
}

const escaped = (value: string): string => value.replace(ESCAPED, escapedBytes)

/** Undefined for what needs several, or to be looked at more closely. */
function inALine(value: string): string | undefined {
  if (value.length > LONGEST) return undefined
  if (PLAIN.test(value)) return value
  return WITHIN_A_LINE.test(value) ? escaped(value) : undefined
}

/**
 * Where to break at the latest, so that a character is in one line: RFC 2045 asks for that of an escaped byte only, and
 * eyes are glad of it.
 */
function wholeBefore(encoded: string, end: number): number {
  if (end >= encoded.length) return encoded.length
  let at = end
  if (encoded[at - 1] === '=') at -= 1
  else if (encoded[at - 2] === '=') at -= 2
  while (encoded[at] === '=' && '89AB'.includes(encoded[at + 1] ?? '')) at -= 3
  return at
}

export class QuotedPrintable {
  text = ''
  /** Where the next character stands; 0 at the end = every line has its break. */
  column = 0
  /** A line feed that comes next is of the same break. */
  #afterReturn = false

  segment(segment: Segment): void {
    const { source, encoded, head, hasBreaks, tail } = segment
    if (this.#afterReturn && source.startsWith('\n')) {
      this.value(source)
      return
    }
    if (this.column + head > LONGEST) this.#softBreak()
    this.text += encoded
    this.column = hasBreaks ? tail : this.column + tail
    this.#afterReturn = source.endsWith('\r')
  }

  value(value: string): void {
    const encoded = inALine(value)
    if (encoded === undefined || encoded.length > LONGEST) {
      this.#lines(value)
      return
    }
    if (this.column + encoded.length > LONGEST) this.#softBreak()
    this.#append(encoded)
    this.#afterReturn = false
  }

  #lines(value: string): void {
    if (value === '') return
    const rest = this.#afterReturn && value.startsWith('\n') ? value.slice(1) : value
    this.#afterReturn = value.endsWith('\r')
    const [first = '', ...others] = rest.split(BREAK)
    this.#line(first)
    for (const line of others) {
      this.text += '\r\n'
      this.column = 0
      this.#line(line)
    }
  }

  /** A blank at its end is encoded: nobody knows what follows. */
  #line(line: string): void {
    const isBlankLast = line.endsWith(' ') || line.endsWith('\t')
    this.#fill(escaped(isBlankLast ? line.slice(0, -1) : line))
    if (isBlankLast) this.#fill(escapedBytes(line.slice(-1)))
  }

  #fill(encoded: string): void {
    let at = 0
    while (at < encoded.length) {
      if (this.column === 0 && encoded.startsWith('.', at)) {
        this.#append(escapedBytes('.'))
        at += 1
      }
      const end = wholeBefore(encoded, at + LONGEST - this.column)
      if (end > at) this.#append(encoded.slice(at, end))
      at = Math.max(at, end)
      if (at < encoded.length) this.#softBreak()
    }
  }

  #append(encoded: string): void {
    this.text += encoded
    this.column += encoded.length
  }

  #softBreak(): void {
    this.text += '=\r\n'
    this.column = 0
  }
}
