/** Text of any script as words of a header (RFC 2047): none longer than 75, and no character in two of them. */
import { escapedBytes } from './escapedBytes.ts'

/** Of a line with such a word (§2); then it goes on after a break and a blank. */
const LONGEST_LINE = 76
const LONGEST_WORD = 75
const FRAME = '=?UTF-8?Q??='.length
/** Room for the longest character. */
const LEAST = FRAME + 12
/** What a `Q` word takes in a phrase as well (§5.3). */
const SAFE = /^[A-Za-z0-9!*+/-]$/

/**
 * @param text without line breaks
 * @param column where the first word begins; with a fold before it where that leaves no room
 */
export function encodedWords(text: string, column: number): string {
  const wellFormed = text.toWellFormed()
  const encoding = isReadableInQ(wellFormed) ? Q : B
  const isCramped = LONGEST_LINE - column < LEAST
  let room = (isCramped ? LONGEST_WORD : Math.min(LONGEST_WORD, LONGEST_LINE - column)) - FRAME
  let [word, size] = ['', 0]
  const words: string[] = []
  for (const character of wellFormed) {
    const more = encoding.sizeOf(character)
    if (size + more > encoding.capacity(room)) {
      words.push(encoding.wordOf(word))
      ;[word, size, room] = ['', 0, LONGEST_WORD - FRAME]
    }
    word += character
    size += more
  }
  words.push(encoding.wordOf(word))
  return `${isCramped ? '\r\n ' : ''}${words.join('\r\n ')}`
}

const inQ = (character: string): string => {
  if (SAFE.test(character)) return character
  return character === ' ' ? '_' : escapedBytes(character)
}

const Q = {
  sizeOf: (character: string) => inQ(character).length,
  capacity: (room: number) => room,
  wordOf: (text: string) => `=?UTF-8?Q?${Array.from(text, inQ).join('')}?=`,
}

const B = {
  sizeOf: (character: string) => Buffer.byteLength(character),
  capacity: (room: number) => Math.floor(room / 4) * 3,
  wordOf: (text: string) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`,
}

function isReadableInQ(text: string): boolean {
  const foreign = text.match(/[^\t\x20-\x7e]/g)?.length ?? 0
  return foreign < (text.match(/[A-Za-z]/g)?.length ?? 0)
}
