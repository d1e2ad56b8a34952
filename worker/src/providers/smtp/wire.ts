/** A mail as it goes over the wire. Pure. */

export interface Letter {
  /** Of the envelope. */
  readonly from: string
  readonly to: string
  /** The message with CRLF, one character for each byte. */
  mime(): string
}

/** What would end a command or an address within it. */
const BREAKS_OUT = /[\p{Cc}<>]/u
const NOT_ASCII = /[^\0-\x7f]/

export const isSafe = (address: string): boolean => !BREAKS_OUT.test(address)

export const isAscii = (address: string): boolean => !NOT_ASCII.test(address)

/** @returns UTF-8, one character for each byte */
export const bytesOf = (address: string): string =>
  isAscii(address) ? address : Buffer.from(address).toString('latin1')

/** What a message ends with on the wire. */
const END = '.\r\n'

/** With dots before those that begin a line (RFC 5321 §4.5.2), and its end. */
export function onTheWire(mime: string): string {
  const lined = mime.endsWith('\r\n') ? mime : `${mime}\r\n`
  // A lone line feed counts as the end of a line, since there are servers that take it for one.
  if (!lined.includes('\n.') && !lined.startsWith('.')) return lined + END
  return (lined.startsWith('.') ? '.' : '') + lined.replaceAll('\n.', '\n..') + END
}
