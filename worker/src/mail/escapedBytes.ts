/** The UTF-8 of characters as both quoted-printable and RFC 2047's `Q` write it: `=C3=A4`. */
export function escapedBytes(characters: string): string {
  const bytes = Buffer.from(characters)
  const escaped = Buffer.allocUnsafe(3 * bytes.length)
  let at = 0
  for (const byte of bytes) {
    escaped[at] = EQUALS
    escaped[at + 1] = DIGITS[byte >> 4] ?? 0
    escaped[at + 2] = DIGITS[byte & 15] ?? 0
    at += 3
  }
  return escaped.toString('latin1')
}

const DIGITS = Buffer.from('0123456789ABCDEF')
const EQUALS = 0x3d

/** Of two bytes a character is a string with one of another script in it, and so is all that it is joined to. */
export const oneByteEach = (ascii: string): string => Buffer.from(ascii, 'latin1').toString('latin1')
