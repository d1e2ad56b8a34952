/** The mail of one recipient: the batch's content with the recipient's variables, and the headers that trace it. */
import { domainToASCII } from 'node:url'
import type { Claimed, Content, OutgoingMail } from './ports.ts'
import { renderHtml, renderText, UNSUBSCRIBE_URL } from '../domain/template.ts'

/** Where a recipient may unsubscribe; nothing when that is not set up. */
export type UnsubscribeUrl = (batchId: string, address: string) => string

/**
 * Deterministic: another attempt gives the same mail with the same Message-ID; but after one that was taken and dropped
 * it is another mail, which a provider that tells repetitions apart has to take anew.
 */
export function renderMail(
  content: Content,
  claimed: Claimed,
  unsubscribeUrl?: UnsubscribeUrl,
): OutgoingMail {
  const { batchId, seq, address } = claimed
  // A Message-ID and the idempotency key made from it are headers: ASCII only.
  const domain = domainToASCII(/@([^@<>\s]+)>?$/.exec(content.from)?.[1] ?? '') || 'localhost'
  const url = unsubscribeUrl?.(batchId, address)
  const variables = url === undefined ? claimed.variables : { ...claimed.variables, [UNSUBSCRIBE_URL]: url }
  return {
    from: content.from,
    to: address,
    subject: renderText(content.subject, variables).replace(/[\r\n]+/g, ' '),
    text: content.text === undefined ? undefined : renderText(content.text, variables),
    html: content.html === undefined ? undefined : renderHtml(content.html, variables),
    messageId: `<${nameOf(claimed)}@${domain}>`,
    headers: {
      'X-Batch-Id': batchId,
      'X-Batch-Recipient': String(seq),
      ...(url !== undefined && {
        'List-Unsubscribe': `<${url}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
  }
}

const nameOf = ({ batchId, seq, dropped = 0 }: Claimed): string =>
  [batchId, seq, ...(dropped > 0 ? [dropped] : [])].join('.')
