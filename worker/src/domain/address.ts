/** Mail addresses: what is accepted as one, and when two are the same mailbox. */

export type AddressFault = 'malformed_address' | 'address_too_long' | 'unsupported_address'

export interface Mailbox {
  /** As it is given to the server: the domain in ASCII. */
  readonly address: string
  /** Equal for addresses that are one mailbox: the domain is not case-sensitive, the local part is (RFC 5321 §2.4). */
  readonly normalised: string
}

export type ParsedAddress =
  { readonly ok: true; readonly mailbox: Mailbox } | { readonly ok: false; readonly code: AddressFault }

const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const NOT_ASCII = /[^\x20-\x7e]/
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** A bare `local@domain`. Quoted local parts, address literals and local parts outside ASCII are not supported. */
export function parseAddress(text: string): ParsedAddress {
  const at = text.lastIndexOf('@')
  if (at < 1 || CONTROL.test(text)) return { ok: false, code: 'malformed_address' }
  const local = text.slice(0, at)
  const domain = asciiDomain(text.slice(at + 1))
  if (NOT_ASCII.test(local)) return { ok: false, code: 'unsupported_address' }
  if (domain === undefined || !LOCAL_PART.test(local) || !DOMAIN.test(domain)) {
    return { ok: false, code: 'malformed_address' }
  }
  if (local.length > 64 || local.length + 1 + domain.length > 254)
    return { ok: false, code: 'address_too_long' }
  return {
    ok: true,
    mailbox: { address: `${local}@${domain}`, normalised: `${local}@${domain.toLowerCase()}` },
  }
}

/** `local@domain` or `Name <local@domain>`. */
export function parseSender(text: string): ParsedAddress {
  return CONTROL.test(text)
    ? { ok: false, code: 'malformed_address' }
    : parseAddress(splitSender(text).address)
}

/** The parts of a sender; a name may hold what separates addresses in a list, so nobody should parse it as one. */
export function splitSender(text: string): { readonly name: string; readonly address: string } {
  const [, name = '', address = text] = /^([^<>]*)<([^<>]+)>$/.exec(text) ?? []
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
}

/** An internationalised domain as its A-labels. */
function asciiDomain(domain: string): string | undefined {
  if (!NOT_ASCII.test(domain)) return domain
  const url = `http://${domain}`
  return URL.canParse(url) ? new URL(url).hostname : undefined
}
