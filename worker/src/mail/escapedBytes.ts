/**
 * Characters outside ASCII, or one of ASCII, as both quoted-printable and RFC 2047's `Q` write them: `=C3=A4`. Half a
 * surrogate pair becomes a replacement character.
 */
export function escapedBytes(characters: string): string {
  const code = characters.charCodeAt(0)
  if (code < 0x80) return `${code < 0x10 ? '=0' : '='}${code.toString(16).toUpperCase()}`
  return encodeURIComponent(characters.toWellFormed()).replaceAll('%', '=')
}

/** Of two bytes a character is a string with one of another script in it, and so is all that it is joined to. */
export const oneByteEach = (ascii: string): string => Buffer.from(ascii, 'latin1').toString('latin1')
