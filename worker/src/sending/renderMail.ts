/** The mail of one recipient: the batch's content with the recipient's variables, and the headers that trace it. */
import type { Claimed, Content, OutgoingMail } from './ports.ts'
import { renderHtml, renderText } from '../domain/template.ts'

/** Deterministic: another attempt gives the same mail with the same Message-ID. */
export function renderMail(content: Content, { batchId, seq, address, variables }: Claimed): OutgoingMail {
  const domain = /@([^@<>\s]+)>?$/.exec(content.from)?.[1] ?? 'localhost'
  return {
    from: content.from,
    to: address,
    subject: renderText(content.subject, variables).replace(/[\r\n]+/g, ' '),
    text: content.text === undefined ? undefined : renderText(content.text, variables),
    html: content.html === undefined ? undefined : renderHtml(content.html, variables),
    messageId: `<${batchId}.${seq}@${domain}>`,
    headers: { 'X-Batch-Id': batchId, 'X-Batch-Recipient': String(seq) },
  }
}
