/** The mail of one recipient: the batch's content with the recipient's variables, and the headers that trace it. */
import { domainToASCII } from 'node:url'
import type { Claimed, Content, OutgoingMail } from './ports.ts'
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Template } from '../domain/template.ts'
import type { Variables } from '../domain/variables.ts'
import type { CompiledMail } from '../mail/compileMail.ts'
import { mergedHeaders } from '../domain/mailHeaders.ts'
import { renderHtml, renderText } from '../domain/renderTemplate.ts'
import { formerTemplate, parseTemplate } from '../domain/parseTemplate.ts'
import { UNSUBSCRIBE_URL } from '../domain/template.ts'
import { compileMail, subjectText } from '../mail/compileMail.ts'

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
  /** Once a provider asked for it. */
  compiled?: CompiledMail
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
  return new RenderedMail(content, claimed, unsubscribeUrl?.(claimed.batchId, claimed.address))
}

/** Its texts are rendered for whoever reads them: a provider of raw mails does not. */
class RenderedMail implements OutgoingMail {
  readonly from: string
  readonly replyTo: string | undefined
  readonly to: string
  readonly messageId: string
  readonly #content: Content
  readonly #prepared: Prepared
  readonly #variables: Variables
  readonly #headers: MailHeaders
  readonly #trace: MailHeaders

  constructor(content: Content, claimed: Rendered, url: string | undefined) {
    const { batchId, seq, address, variables, headers = {} } = claimed
    this.#content = content
    this.#prepared = preparedOf(content)
    this.#variables = url === undefined ? variables : { ...variables, [UNSUBSCRIBE_URL]: url }
    this.#headers = headers
    this.#trace = {
      'X-Batch-Id': batchId,
      'X-Batch-Recipient': String(seq),
      ...(url !== undefined && oneClick(url)),
    }
    this.from = content.from
    this.replyTo = content.replyTo
    this.to = address
    this.messageId = `<${nameOf(claimed)}@${this.#prepared.domain}>`
  }

  get subject(): string {
    return subjectText(this.#prepared.subject, this.#variables)
  }

  get text(): string | undefined {
    const { text } = this.#prepared
    return text && renderText(text, this.#variables)
  }

  get html(): string | undefined {
    const { html } = this.#prepared
    return html && renderHtml(html, this.#variables)
  }

  get headers(): MailHeaders {
    return { ...mergedHeaders(this.#content.headers ?? {}, this.#headers), ...this.#trace }
  }

  mime(): string {
    return compiledOf(this.#prepared, this.#content).compose({
      address: this.to,
      messageId: this.messageId,
      date: new Date(),
      variables: this.#variables,
      headers: this.#headers,
      trace: this.#trace,
    })
  }
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
  const fresh: Prepared = {
    subject: templateOf(subject),
    text: text === undefined ? undefined : templateOf(text),
    html: html === undefined ? undefined : templateOf(html),
    domain: domainOf(content.from),
  }
  prepared.set(content, fresh)
  return fresh
}

function compiledOf(prepared: Prepared, { from, replyTo, headers = {} }: Content): CompiledMail {
  const { subject, text, html } = prepared
  prepared.compiled ??= compileMail({ from, replyTo, subject, text, html, headers })
  return prepared.compiled
}

/** What does not parse was accepted before texts were parsed, and goes as it would have gone. */
function templateOf(source: string): Template {
  const parsed = parseTemplate(source)
  return parsed.ok ? parsed.template : formerTemplate(source)
}

const nameOf = ({ batchId, seq, dropped = 0 }: Rendered): string =>
  [batchId, seq, ...(dropped > 0 ? [dropped] : [])].join('.')
