/** A mail as nodemailer composes it: nothing of it is parsed as a list, and nothing is read from files or the network. */
import type { OutgoingMail } from '../sending/ports.ts'
import { senderOf } from './apiSender.ts'

export function mimeOptions({ from, replyTo, to, subject, text, html, messageId, headers }: OutgoingMail) {
  return {
    from: senderOf(from),
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
