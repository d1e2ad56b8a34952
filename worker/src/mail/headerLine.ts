/** A header as it stands in a mail (RFC 5322 §2.2), with its line break. Whatever the value is, it stays one header. */
import { encodedWords } from './encodedWords.ts'

/** RFC 5322 §2.1.1: preferred, and with room for a blank and a name the most that is allowed. */
const PREFERRED = 76
const LONGEST_TOKEN = 900
const SIMPLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const PRINTABLE = /^[\t\x20-\x7e]*$/
const NO_NAME = /[^\x21-\x39\x3b-\x7e]/g
/** A word with the blanks before it: where a line may be broken. */
const TOKENS = /[\t ]*[^\t ]+/g
/** What some reader takes for encoded words, if only part of a word or more than one. */
const LOOKS_ENCODED = /=\?[^?]*\?[BbQq]\?[^?]*\?=|(?<![^\t ])=\?[^\t ]*\?=(?![^\t ])/
/** RFC 2047 §2. */
const ENCODED_WORD = /^=\?[^\s()<>@,;:"/[\]?.=]+\?[BbQq]\?[^?\s]+\?=$/
const MESSAGE_IDS = /^(?:in-reply-to|references)$/i
const MESSAGE_ID = /^<[\x21-\x3b\x3d\x3f-\x7e]+>$/

/** Nothing where the value is blank, which RFC 5322 has no header for. */
export function headerLine(name: string, value: string): string {
  const field = name.replace(NO_NAME, '')
  if (field === '') return ''
  if (MESSAGE_IDS.test(field)) return identifiers(field, value) ?? unstructured(field, value)
  const isOneLine = field.length + 2 + value.length <= PREFERRED || isToken(value)
  if (isOneLine && SIMPLE.test(value) && !value.includes('=?')) return `${field}: ${value}\r\n`
  return unstructured(field, value)
}

const isToken = (value: string): boolean => value.length <= LONGEST_TOKEN && !value.includes(' ')

function unstructured(name: string, value: string): string {
  const text = value.replace(/\r\n|\r|\n/g, ' ')
  if (!isPlain(text)) return `${name}:${encodedWords(text, name.length + 1)}\r\n`
  const trimmed = text.trim()
  return trimmed === '' ? '' : `${folded(`${name}: ${trimmed}`)}\r\n`
}

const isPlain = (text: string): boolean =>
  PRINTABLE.test(text) &&
  tokensOf(text).every(({ length }) => length <= LONGEST_TOKEN) &&
  (!LOOKS_ENCODED.test(text) || isEncodedAlready(text))

/**
 * Somebody may hand in encoded words, which go as they are. What only looks like one is read by some and not by others,
 * and is encoded. One beside a quote is, too, since a quoted string has no such words.
 */
const isEncodedAlready = (text: string): boolean =>
  !text.includes('"') &&
  text.split(/[\t ]+/).every((word) => !word.includes('=?') || (word.length <= 75 && ENCODED_WORD.test(word)))

/** `<a@b> <c@d>`, with brackets where they are missing; undefined for what can be none. */
function identifiers(name: string, value: string): string | undefined {
  const ids = value
    .split(/\s+/)
    .filter((id) => id !== '')
    .map((id) => `${id.startsWith('<') ? '' : '<'}${id}${id.endsWith('>') ? '' : '>'}`)
  const areIds = ids.length > 0 && ids.every((id) => id.length <= LONGEST_TOKEN && MESSAGE_ID.test(id))
  return areIds ? `${folded(`${name}: ${ids.join(' ')}`)}\r\n` : undefined
}

/** @param line of printable ASCII; its first word stays beside the name, whatever its length. */
export function folded(line: string): string {
  if (line.length <= PREFERRED) return line
  const colon = line.indexOf(':') + 1
  const [first = '', ...others] = tokensOf(line.slice(colon))
  let text = line.slice(0, colon) + first
  let column = text.length
  for (const token of others) {
    const isTooLong = column + token.length > PREFERRED
    text += isTooLong ? `\r\n${token}` : token
    column = (isTooLong ? 0 : column) + token.length
  }
  return text
}

const tokensOf = (text: string): readonly string[] => text.match(TOKENS) ?? []
