/** Mail addresses: what is accepted as one, and when two are the same mailbox. */

export type AddressFault = 'malformed_address' | 'address_too_long' | 'unsupported_address'

export interface Mailbox {
  /** As it is given to the server: as it was written, but for the domain, which is in ASCII. */
  readonly address: string
  /**
   * Equal for addresses that are one mailbox, which is told without regard to case. RFC 5321 §2.4 would have a server
   * tell `Ann@` from `ann@`; none that people use does, and providers write either when they tell of one.
   */
  readonly normalised: string
}

export type ParsedAddress =
  { readonly ok: true; readonly mailbox: Mailbox } | { readonly ok: false; readonly code: AddressFault }

const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
/** No top-level domain is of digits alone (RFC 3696 §2): it would be an address of a host, which mail has brackets for. */
const NUMERIC = /(?:^|\.)\d+$/
const NOT_ASCII = /[^\x20-\x7e]/
/** What no name of a host has; in a URL it would end the name, or stand for another character. */
const NO_NAME = /[^A-Za-z0-9.\u0080-\u{10ffff}-]/u
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** A bare `local@domain`. Quoted local parts, address literals and local parts outside ASCII are not supported. */
export function parseAddress(text: string): ParsedAddress {
  const at = text.lastIndexOf('@')
  if (at < 1 || CONTROL.test(text)) return { ok: false, code: 'malformed_address' }
  const local = text.slice(0, at)
  const domain = asciiDomain(text.slice(at + 1))
  if (NOT_ASCII.test(local)) return { ok: false, code: 'unsupported_address' }
  if (domain === undefined || !LOCAL_PART.test(local)) return { ok: false, code: 'malformed_address' }
  if (local.length > 64 || local.length + 1 + domain.length > 254)
    return { ok: false, code: 'address_too_long' }
  const address = `${local}@${domain}`
  return { ok: true, mailbox: { address, normalised: address.toLowerCase() } }
}

/** `local@domain` or `Name <local@domain>`. */
export function parseSender(text: string): ParsedAddress {
  return CONTROL.test(text)
    ? { ok: false, code: 'malformed_address' }
    : parseAddress(splitSender(text).address)
}

const QUOTED_NAME = /^\s*"((?:[^"\\]|\\.)*)"\s*<([^<>]+)>$/su
const PLAIN_NAME = /^([^<>]*)<([^<>]+)>$/

/**
 * The parts of a sender; a name may hold what separates addresses in a list, so nobody should parse it as one. Quoted,
 * it may hold brackets, and quotes after a backslash (RFC 5322 §3.2.4).
 */
export function splitSender(text: string): { readonly name: string; readonly address: string } {
  const quoted = QUOTED_NAME.exec(text)
  if (quoted) return { name: (quoted[1] ?? '').replace(/\\(.)/gsu, '$1'), address: quoted[2] ?? '' }
  const [, name = '', address = text] = PLAIN_NAME.exec(text) ?? []
  return { name: name.trim(), address }
}

/**
 * As an address was compared, and sealed into links, while a mailbox was told by its case: the domain in lower case, the
 * local part as it was written. @param address as `Mailbox` has it
 */
export function spelledBefore(address: string): string {
  const at = address.lastIndexOf('@')
  return address.slice(0, at) + address.slice(at).toLowerCase()
}

/** An internationalised domain as its A-labels; undefined for what is no domain. */
function asciiDomain(text: string): string | undefined {
  if (NO_NAME.test(text)) return undefined
  const url = `http://${text}`
  if (NOT_ASCII.test(text) && !URL.canParse(url)) return undefined
  const domain = NOT_ASCII.test(text) ? new URL(url).hostname : text
  return DOMAIN.test(domain) && !NUMERIC.test(domain) ? domain : undefined
}
