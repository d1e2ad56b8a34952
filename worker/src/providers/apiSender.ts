/** The sender as the APIs of providers take it: addresses in ASCII, names that nobody parses as a list. */
import { parseAddress, splitSender } from '../domain/address.ts'

export interface Sender {
  /** As a person reads it; empty when there is none. */
  readonly name: string
  /** With the domain's A-labels, which is all that SES takes. */
  readonly address: string
}

/** @param text `a@b` or `Name <a@b>`, as a batch has it */
export function senderOf(text: string): Sender {
  const { name, address } = splitSender(text)
  const parsed = parseAddress(address.trim())
  return { name, address: parsed.ok ? parsed.mailbox.address : address }
}

/** Letters of any script stand as they are; whatever separates in a header stands in quotes. */
const PLAIN = /^[^\s"\\()<>[\]:;@,.][^"\\()<>[\]:;@,.]*$/

/** `Name <a@b>` for a header that somebody else writes. */
export function formatted({ name, address }: Sender): string {
  if (name === '') return address
  return `${PLAIN.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`} <${address}>`
}
