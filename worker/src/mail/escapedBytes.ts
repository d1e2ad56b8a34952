/** The UTF-8 of a character as both quoted-printable and RFC 2047's `Q` write it: `=C3=A4`. */
export function escapedBytes(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x80
    ? `=${code.toString(16).toUpperCase().padStart(2, '0')}`
    : encodeURIComponent(character.toWellFormed()).replaceAll('%', '=')
}

/** Of two bytes a character is a string with one of another script in it, and so is all that it is joined to. */
export const oneByteEach = (ascii: string): string => Buffer.from(ascii, 'latin1').toString('latin1')
