/** The mail of one recipient: the batch's content with the recipient's variables, and the headers that trace it. */
import { domainToASCII } from 'node:url'
import type { Claimed, Content, OutgoingMail } from './ports.ts'
import type { Template } from '../domain/template.ts'
import { mergedHeaders } from '../domain/mailHeaders.ts'
import { renderHtml, renderText } from '../domain/renderTemplate.ts'
import { formerTemplate, parseTemplate } from '../domain/parseTemplate.ts'
import { UNSUBSCRIBE_URL } from '../domain/template.ts'

/** Where a recipient may unsubscribe; nothing when that is not set up. */
export type UnsubscribeUrl = (batchId: string, address: string) => string

/** What is read of a claim. */
export type Rendered = Pick<Claimed, 'batchId' | 'seq' | 'address' | 'variables' | 'headers' | 'dropped'>

/** What is the same for each recipient. */
interface Prepared {
  readonly subject: Template
  readonly text: Template | undefined
  readonly html: Template | undefined
  /** Of the sender. */
  readonly domain: string
}

/**
 * Deterministic: another attempt gives the same mail with the same Message-ID; but after one that was taken and dropped
 * it is another mail, which a provider that tells repetitions apart has to take anew.
 */
export function renderMail(
  content: Content,
  claimed: Rendered,
  unsubscribeUrl?: UnsubscribeUrl,
): OutgoingMail {
  const { batchId, seq, address, headers = {} } = claimed
  const url = unsubscribeUrl?.(batchId, address)
  const variables = url === undefined ? claimed.variables : { ...claimed.variables, [UNSUBSCRIBE_URL]: url }
  const { subject, text, html, domain } = preparedOf(content)
  return {
    from: content.from,
    ...(content.replyTo !== undefined && { replyTo: content.replyTo }),
    to: address,
    subject: renderText(subject, variables).replace(/[\r\n]+/g, ' '),
    text: text && renderText(text, variables),
    html: html && renderHtml(html, variables),
    messageId: `<${nameOf(claimed)}@${domain}>`,
    headers: {
      ...mergedHeaders(content.headers ?? {}, headers),
      'X-Batch-Id': batchId,
      'X-Batch-Recipient': String(seq),
      ...(url !== undefined && oneClick(url)),
    },
    mime() {
      return temporaryMime(this)
    },
  }
}

/** TEMPORARY: until mails are compiled (worker/src/mail). */
function temporaryMime({ from, to, subject, text, html, messageId, headers }: OutgoingMail): string {
  const word = (value: string) => `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`
  const all = { From: from, To: to, Subject: word(subject), 'Message-ID': messageId, ...headers }
  const body = Buffer.from(html ?? text ?? '').toString('base64')
  return [
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
    'MIME-Version: 1.0',
    `Content-Type: text/${html === undefined ? 'plain' : 'html'}; charset=utf-8`,
    'Content-Transfer-Encoding: base64',
    '',
    ...(body.match(/.{1,76}/g) ?? []),
    '',
  ].join('\r\n')
}

/** A Message-ID and the idempotency key made from it are headers: ASCII only. */
const domainOf = (sender: string): string =>
  domainToASCII(/@([^@<>\s]+)>?$/.exec(sender)?.[1] ?? '') || 'localhost'

/** RFC 8058 §3.1. */
const oneClick = (url: string) => ({
  'List-Unsubscribe': `<${url}>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
})

/** The same content comes for each of its recipients. */
const prepared = new WeakMap<Content, Prepared>()

function preparedOf(content: Content): Prepared {
  const known = prepared.get(content)
  if (known !== undefined) return known
  const { subject, text, html } = content
  const fresh = {
    subject: templateOf(subject),
    text: text === undefined ? undefined : templateOf(text),
    html: html === undefined ? undefined : templateOf(html),
    domain: domainOf(content.from),
  }
  prepared.set(content, fresh)
  return fresh
}

/** What does not parse was accepted before texts were parsed, and goes as it would have gone. */
function templateOf(source: string): Template {
  const parsed = parseTemplate(source)
  return parsed.ok ? parsed.template : formerTemplate(source)
}

const nameOf = ({ batchId, seq, dropped = 0 }: Rendered): string =>
  [batchId, seq, ...(dropped > 0 ? [dropped] : [])].join('.')
