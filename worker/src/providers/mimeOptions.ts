/** A mail as nodemailer composes it: nothing of it is parsed as a list, and nothing is read from files or the network. */
import type { OutgoingMail } from '../sending/ports.ts'
import type { Sender } from './apiSender.ts'
import { senderOf } from './apiSender.ts'

/** @param sender `senderOf` of the mail's */
export function mimeOptions(
  { replyTo, to, subject, text, html, messageId, headers }: OutgoingMail,
  sender: Sender,
) {
  return {
    from: sender,
    ...(replyTo !== undefined && { replyTo: senderOf(replyTo) }),
    to: { name: '', address: to },
    subject,
    text,
    html,
    messageId,
    headers: { ...headers },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
