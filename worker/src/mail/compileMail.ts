/** A mail encoded once for all of its recipients: of each only its own values are encoded, and put in their places. */
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Template } from '../domain/template.ts'
import type { Variables } from '../domain/variables.ts'
import type { Body, Encoded } from './body.ts'
import { escaped, renderHtml, renderText } from '../domain/renderTemplate.ts'
import { senderOf } from '../domain/sender.ts'
import { compileBody } from './body.ts'
import { BOUNDARY, DELIMITER } from './boundary.ts'
import { headerLine } from './headerLine.ts'
import { mailboxLine } from './mailboxLine.ts'

export interface MailContent {
  /** `a@b` or `Name <a@b>`. */
  readonly from: string
  readonly replyTo?: string | undefined
  readonly subject: Template
  readonly text: Template | undefined
  readonly html: Template | undefined
  /** Of every mail. */
  readonly headers: MailHeaders
}

export interface MailRecipient {
  readonly address: string
  readonly messageId: string
  readonly date: Date
  readonly variables: Variables
  /** Of this mail alone: instead of those of every mail that have the same names. */
  readonly headers: MailHeaders
  /** That nobody but the worker sets. */
  readonly trace: MailHeaders
}

export interface CompiledMail {
  /** @returns RFC 5322 with CRLF, a character for each byte */
  compose(recipient: MailRecipient): string
}

export function compileMail(content: MailContent): CompiledMail {
  const sender =
    mailboxLine('From', senderOf(content.from)) +
    (content.replyTo === undefined ? '' : mailboxLine('Reply-To', senderOf(content.replyTo)))
  const subject = subjectOf(content.subject)
  const shared = Object.entries(content.headers).map(
    ([name, value]) => [name.toLowerCase(), headerLine(name, value)] as const,
  )
  const everyones = shared.map(([, line]) => line).join('')
  const parts = partsOf(content)
  return {
    compose: ({ address, messageId, date, variables, headers, trace }) =>
      sender +
      mailboxLine('To', { name: '', address }) +
      subject(variables) +
      headerLine('Message-ID', messageId) +
      `Date: ${date.toUTCString().replace('GMT', '+0000')}\r\nMIME-Version: 1.0\r\n` +
      sharedBut(headers) +
      linesOf(headers) +
      linesOf(trace) +
      assembled(parts, variables),
  }

  function sharedBut(own: MailHeaders): string {
    const names = new Set(Object.keys(own).map((name) => name.toLowerCase()))
    if (names.size === 0) return everyones
    return shared.map(([name, line]) => (names.has(name) ? '' : line)).join('')
  }
}

function linesOf(headers: MailHeaders): string {
  let lines = ''
  for (const name in headers) lines += headerLine(name, headers[name] ?? '')
  return lines
}

/** Line breaks of a value are blanks in it. */
function subjectOf(template: Template): (variables: Variables) => string {
  const fill = (variables: Variables) => headerLine('Subject', subjectText(template, variables))
  if (template.some(({ kind }) => kind !== 'text')) return fill
  const line = fill({})
  return () => line
}

export const subjectText = (template: Template, variables: Variables): string =>
  renderText(template, variables).replace(/[\r\n]+/g, ' ')

interface Part {
  readonly header: string
  readonly body: Body
}

const asItIs = (value: string): string => value

function partsOf({ text, html }: MailContent): readonly Part[] {
  return [
    ...(text === undefined
      ? []
      : [partOf('text/plain', compileBody({ template: text, render: renderText, valueOf: asItIs }))]),
    ...(html === undefined
      ? []
      : [partOf('text/html', compileBody({ template: html, render: renderHtml, valueOf: escaped }))]),
  ]
}

const partOf = (type: string, body: Body): Part => ({
  header: `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${body.encoding}\r\n\r\n`,
  body,
})

const ALTERNATIVE = `Content-Type: multipart/alternative; boundary="${BOUNDARY}"\r\n\r\n`
const NOTHING = 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n'

/** A text that is empty for this recipient is left out: a reader would show it instead of the other. */
function assembled(parts: readonly Part[], variables: Variables): string {
  const shown: [string, Encoded][] = []
  for (const { header, body } of parts) {
    const encoded = body.encode(variables)
    if (encoded.text !== '') shown.push([header, encoded])
  }
  const [first, second] = shown
  if (first === undefined) return NOTHING
  const [header, { text, isOpen }] = first
  if (second === undefined) return header + text + (isOpen ? '\r\n' : '')
  // The break before a delimiter is part of it (RFC 2046 §5.1.1).
  return (
    `${ALTERNATIVE}${DELIMITER}\r\n${header}${text}\r\n` +
    `${DELIMITER}\r\n${second[0]}${second[1].text}\r\n${DELIMITER}--\r\n`
  )
}
