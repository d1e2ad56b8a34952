/** Who a mail is from, in its parts. */
import { parseAddress, splitSender } from './address.ts'

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
