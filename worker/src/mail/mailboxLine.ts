/** From, Reply-To and To (RFC 5322 §3.4): one mailbox each, never read as a list. */
import type { Sender } from '../domain/sender.ts'
import { encodedWords } from './encodedWords.ts'
import { folded } from './headerLine.ts'

const PREFERRED = 76
const ATOM = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\x80-\\uffff]+"
const DOT_ATOM = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`)
const QUOTED = /^"(?:[^"\\]|\\.)*"$/
/** Needs no brackets. */
const SIMPLE = /^[!#-'*+./0-9=?A-Z^-~-]+@[!#-'*+./0-9=?A-Z^-~-]+$/

/** @param mailbox with the domain's A-labels */
export function mailboxLine(field: 'From' | 'Reply-To' | 'To', { name, address }: Sender): string {
  if (/^ *$/.test(name))
    return SIMPLE.test(address) ? `${field}: ${address}\r\n` : `${field}: <${specOf(address)}>\r\n`
  const spec = ` <${specOf(address)}>`
  if (/^[\x20-\x7e]*$/.test(name))
    return `${folded(`${field}: ${/^[\w ]*$/.test(name) ? name.trim() : quoted(name)}${spec}`)}\r\n`
  const phrase = `${field}:${encodedWords(name, field.length + 1)}`
  const isTooLong = phrase.length - 1 - phrase.lastIndexOf('\n') + spec.length > PREFERRED
  return `${phrase}${isTooLong ? '\r\n' : ''}${spec}\r\n`
}

/**
 * What was accepted before addresses were parsed, or never was: brackets and controls are taken from it, and a local part
 * that is no atom is quoted. A character outside ASCII stays, in UTF-8 (RFC 6532): such an address has no other form.
 */
function specOf(address: string): string {
  if (SIMPLE.test(address)) return address
  const text = address.replace(/[\p{Cc}<>]+/gu, ' ').trim()
  const at = text.lastIndexOf('@')
  const local = at < 0 ? text : text.slice(0, at)
  const safe = DOT_ATOM.test(local) || QUOTED.test(local) ? local : quoted(local)
  return Buffer.from(safe + (at < 0 ? '' : text.slice(at))).toString('latin1')
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
