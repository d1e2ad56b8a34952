/** What a schema cannot say of a batch's content: its sender, its texts and its headers. */
import type { FieldError } from './problem.ts'
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Template } from '../domain/template.ts'
import { parseSender } from '../domain/address.ts'
import { headerFaults } from '../domain/mailHeaders.ts'
import { parseTemplate } from '../domain/parseTemplate.ts'
import { isStorable } from '../domain/variables.ts'
import { pointerPart } from './problem.ts'

interface Content {
  readonly from?: string | undefined
  readonly replyTo?: string | undefined
  readonly subject?: string | undefined
  readonly text?: string | undefined
  readonly html?: string | undefined
  readonly headers?: MailHeaders | undefined
  readonly name?: string | undefined
}

/** Templates of the parts that a batch has. */
export interface Texts {
  readonly subject: Template
  readonly text: Template
  readonly html: Template
}

export const LINE_BREAK = /[\r\n]/

export function contentFaults(content: Content): readonly FieldError[] {
  const { from, replyTo, subject = '', text, html, headers = {}, name = '' } = content
  const errors: FieldError[] = [
    ...senderFaults('/from', from),
    ...senderFaults('/replyTo', replyTo),
    ...headersFaults(headers, '/headers'),
  ]
  if (LINE_BREAK.test(subject)) errors.push({ pointer: '/subject', code: 'line_break' })
  if (text === undefined && html === undefined)
    errors.push({ pointer: '/text', code: 'required', detail: 'text, html or both' })
  for (const [part, value] of Object.entries({ from, replyTo, subject, text, html, name }))
    if (value !== undefined && !isStorable(value))
      errors.push({ pointer: `/${part}`, code: 'invalid_character' })
  return errors
}

function senderFaults(pointer: string, value: string | undefined): readonly FieldError[] {
  if (value === undefined) return []
  if (LINE_BREAK.test(value)) return [{ pointer, code: 'line_break' }]
  if (value.includes('{{')) return [noPlaceholders(pointer)]
  const parsed = parseSender(value)
  return parsed.ok ? [] : [{ pointer, code: parsed.code }]
}

/** @param pointer of the object that holds them */
export function headersFaults(headers: MailHeaders, pointer: string): readonly FieldError[] {
  const withPlaceholders = Object.entries(headers).filter(([, value]) => value.includes('{{'))
  return [
    ...headerFaults(headers).map(({ name, code }) => ({ pointer: `${pointer}/${pointerPart(name)}`, code })),
    ...withPlaceholders.map(([name]) => noPlaceholders(`${pointer}/${pointerPart(name)}`)),
  ]
}

const noPlaceholders = (pointer: string): FieldError => ({
  pointer,
  code: 'placeholder_not_supported',
  detail: 'placeholders are filled in in subject, text and html',
})

export function textsOf({ subject = '', text = '', html = '' }: Content) {
  const faults: FieldError[] = []
  const parse = (pointer: string, source: string): Template => {
    // What else is wrong with it has been told, and would be told again of each recipient.
    if (!isStorable(source) || (pointer === '/subject' && LINE_BREAK.test(source))) return []
    const parsed = parseTemplate(source)
    if (parsed.ok && parsed.template.length === 0 && pointer === '/subject' && source !== '')
      faults.push({ pointer, code: 'subject_empty', detail: 'nothing of it is left when it is filled in' })
    if (parsed.ok) return parsed.template
    faults.push({ pointer, ...parsed.fault })
    return []
  }
  const parsed: Texts = {
    subject: parse('/subject', subject),
    text: parse('/text', text),
    html: parse('/html', html),
  }
  return { parsed, faults }
}
