/** The sender as the APIs of providers take it: addresses in ASCII, names that nobody parses as a list. */
import type { Sender } from '../domain/sender.ts'

/** Letters of any script stand as they are; whatever separates in a header stands in quotes. */
const PLAIN = /^[^\s"\\()<>[\]:;@,.][^"\\()<>[\]:;@,.]*$/

/** `Name <a@b>` for a header that somebody else writes. */
export function formatted({ name, address }: Sender): string {
  if (name === '') return address
  return `${PLAIN.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`} <${address}>`
}
