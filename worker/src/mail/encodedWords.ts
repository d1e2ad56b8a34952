/** Text of any script as words of a header (RFC 2047): none longer than 75, and no character in two of them. */
import { escapedBytes } from './escapedBytes.ts'

/** Of a line with such a word (§2); then it goes on after a break and a blank. */
const LONGEST_LINE = 76
const LONGEST_WORD = 75
const FRAME = '=?UTF-8?Q??='.length
/** Room for the longest character. */
const LEAST = FRAME + 12
/** One character in a `Q` word, which takes little more than letters in a phrase (§5.3). */
const SAFE = /^[A-Za-z0-9!*+/ -]$/
const UNSAFE = / |[^A-Za-z0-9!*+/ -]+/g

/**
 * With the blank before them, or a fold where the line has no room.
 * @param text without line breaks
 * @param column where the blank stands
 */
export function encodedWords(text: string, column: number): string {
  const wellFormed = text.toWellFormed()
  const encoding = isReadableInQ(wellFormed) ? Q : B
  const isCramped = LONGEST_LINE - column - 1 < LEAST
  const room = (isCramped ? LONGEST_WORD : LONGEST_LINE - column - 1) - FRAME
  const whole = encoding.encode(wellFormed)
  const words = whole.length <= room ? [whole] : split(wellFormed, encoding, room)
  const framed = words.map((word) => `=?UTF-8?${encoding.name}?${word}?=`)
  return `${isCramped ? '\r\n' : ''} ${framed.join('\r\n ')}`
}

function split(text: string, { capacity, sizeOf, encode }: Encoding, ofFirst: number): readonly string[] {
  const words: string[] = []
  let [word, size, room] = ['', 0, capacity(ofFirst)]
  for (const character of text) {
    const more = sizeOf(character)
    if (size + more > room) {
      words.push(encode(word))
      ;[word, size, room] = ['', 0, capacity(LONGEST_WORD - FRAME)]
    }
    word += character
    size += more
  }
  return [...words, encode(word)]
}

interface Encoding {
  readonly name: 'Q' | 'B'
  readonly encode: (text: string) => string
  /** How much fits into so many characters. */
  readonly capacity: (room: number) => number
  readonly sizeOf: (character: string) => number
}

const inQ = (text: string): string =>
  text.replace(UNSAFE, (character) => (character === ' ' ? '_' : escapedBytes(character)))

const Q: Encoding = {
  name: 'Q',
  encode: inQ,
  capacity: (room) => room,
  sizeOf: (character) => (SAFE.test(character) ? 1 : 3 * Buffer.byteLength(character)),
}

const B: Encoding = {
  name: 'B',
  encode: (text) => Buffer.from(text).toString('base64'),
  capacity: (room) => Math.floor(room / 4) * 3,
  sizeOf: (character) => Buffer.byteLength(character),
}

function isReadableInQ(text: string): boolean {
  const foreign = text.match(/[^\t\x20-\x7e]/g)?.length ?? 0
  return foreign < (text.match(/[A-Za-z]/g)?.length ?? 0)
}
