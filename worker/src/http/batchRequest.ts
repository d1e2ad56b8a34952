/** The body of `POST /v1/batches`: its schema, and what a schema cannot say. */
import type { Static } from 'typebox'
import Type from 'typebox'
import type { Mailbox } from '../domain/address.ts'
import type { Variables } from '../domain/template.ts'
import type { FieldError } from './problem.ts'
import { parseAddress, parseSender } from '../domain/address.ts'
import { placeholders } from '../domain/template.ts'
import { ERRORS_TOLD } from './problem.ts'

export const BatchRequest = Type.Object(
  {
    from: Type.String({ minLength: 3, maxLength: 320 }),
    subject: Type.String({ minLength: 1, maxLength: 998 }),
    text: Type.Optional(Type.String({ minLength: 1 })),
    html: Type.Optional(Type.String({ minLength: 1 })),
    recipients: Type.Array(
      Type.Object(
        {
          address: Type.String({ minLength: 1 }),
          variables: Type.Optional(
            Type.Unsafe<Variables>({
              type: 'object',
              maxProperties: 100,
              additionalProperties: { type: ['string', 'number', 'boolean'] },
            }),
          ),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 50_000 },
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        from: 'Shop <shop@example.org>',
        subject: 'Hello {{name}}',
        text: 'Hello {{name}}, your order is on its way.',
        recipients: [{ address: 'somebody@example.org', variables: { name: 'Somebody' } }],
      },
    ],
  },
)

export type BatchRequest = Static<typeof BatchRequest>

export interface ParsedRequest {
  readonly recipients: readonly { readonly mailbox: Mailbox; readonly variables: Variables | undefined }[]
  readonly duplicates: number
}

/**
 * Of recipients that are one mailbox the first one stays.
 * @param provided variables that every recipient has without being given them
 */
export function parseBatchRequest(
  request: BatchRequest,
  provided: readonly string[],
): ParsedRequest | { readonly errors: readonly FieldError[] } {
  const errors = contentErrors(request)
  const asked = variablesAsked(request, provided)
  const mailboxes = new Map<string, ParsedRequest['recipients'][number]>()
  for (const [index, { address, variables }] of request.recipients.entries()) {
    if (errors.length >= ERRORS_TOLD) break
    const parsed = parseAddress(address)
    if (!parsed.ok) errors.push({ pointer: `/recipients/${index}/address`, code: parsed.code })
    else if (!mailboxes.has(parsed.mailbox.normalised)) {
      mailboxes.set(parsed.mailbox.normalised, { mailbox: parsed.mailbox, variables })
    }
    errors.push(...variableErrors(variables ?? {}, asked, `/recipients/${index}/variables`))
  }
  if (errors.length > 0) return { errors }
  const recipients = [...mailboxes.values()]
  return { recipients, duplicates: request.recipients.length - recipients.length }
}

const LINE_BREAK = /[\r\n]/
// PostgreSQL stores neither NUL nor half a surrogate pair.
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()
// Beyond 2^53 JSON.parse gives a neighbour of the number that was written (RFC 8259 §6).
const isRounded = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value)

function contentErrors({ from, subject, text, html }: BatchRequest): FieldError[] {
  const errors: FieldError[] = []
  const sender = parseSender(from)
  if (LINE_BREAK.test(from)) errors.push({ pointer: '/from', code: 'line_break' })
  else if (!sender.ok) errors.push({ pointer: '/from', code: sender.code })
  if (LINE_BREAK.test(subject)) errors.push({ pointer: '/subject', code: 'line_break' })
  if (text === undefined && html === undefined) errors.push({ pointer: '/text', code: 'required' })
  for (const [name, value = ''] of Object.entries({ from, subject, text, html })) {
    if (!isStorable(value)) errors.push({ pointer: `/${name}`, code: 'invalid_character' })
  }
  return errors
}

interface Asked {
  readonly provided: readonly string[]
  readonly anywhere: ReadonlySet<string>
  readonly inSubject: ReadonlySet<string>
}

function variablesAsked({ subject, text = '', html = '' }: BatchRequest, provided: readonly string[]): Asked {
  const inSubject = placeholders(subject)
  const asked = [...inSubject, ...placeholders(text), ...placeholders(html)]
  return { provided, inSubject, anywhere: new Set(asked.filter((name) => !provided.includes(name))) }
}

/** A text that asks for a variable which a recipient lacks would be sent with a hole in it. */
function variableErrors(
  variables: Variables,
  { provided, anywhere, inSubject }: Asked,
  pointer: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const name of anywhere) {
    if (!Object.hasOwn(variables, name))
      errors.push({ pointer: `${pointer}/${name}`, code: 'missing_variable' })
  }
  for (const [name, value] of Object.entries(variables)) {
    if (provided.includes(name)) errors.push({ pointer: `${pointer}/${name}`, code: 'reserved_variable' })
    else if (isRounded(value)) errors.push({ pointer: `${pointer}/${name}`, code: 'unsafe_integer' })
    else if (!isStorable(String(value)) || !isStorable(name))
      errors.push({ pointer, code: 'invalid_character' })
    else if (inSubject.has(name) && LINE_BREAK.test(String(value))) {
      errors.push({ pointer: `${pointer}/${name}`, code: 'line_break' })
    }
  }
  return errors
}
