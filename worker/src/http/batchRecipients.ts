/** The recipients of a new batch, each held against its schema, its own values and the texts that ask for them. */
import type { Static } from 'typebox'
import type { FieldError } from './problem.ts'
import type { NewRecipient } from './ports.ts'
import type { Texts } from './batchContent.ts'
import type { Item, Value, Variables } from '../domain/variables.ts'
import { parseAddress } from '../domain/address.ts'
import { blockNames, Effort, rehearse, shownNames } from '../domain/rehearsal.ts'
import { renderText } from '../domain/renderTemplate.ts'
import { isList, variableFaults } from '../domain/variables.ts'
import { headersFaults, LINE_BREAK, pointerPart } from './batchContent.ts'
import { Recipient } from './recipientRequest.ts'
import { fieldError } from './problemOf.ts'
import { faultsOf } from './validation.ts'

export interface Refused {
  /** Its place in the request. */
  readonly index: number
  readonly errors: readonly FieldError[]
}

export interface RecipientOptions {
  readonly texts: Texts
  /** Variables that every recipient has without being given them. */
  readonly provided: readonly string[]
  /** Faults after which nobody else is looked at. */
  readonly stopAfter: number
}

export interface ParsedRecipients {
  readonly recipients: readonly NewRecipient[]
  readonly duplicates: number
  readonly refused: readonly Refused[]
  /** Of the texts, seen from all recipients. */
  readonly errors: readonly FieldError[]
}

/** `Subject: ` and 988 are the 998 characters of a line (RFC 5322 §2.1.1). */
const LONGEST_SUBJECT = 988
/** What the values of one recipient may add to its mail: as much again is kept for it in memory. */
const MOST_ADDED = 262_144
/** Of all recipients together; 50,000 with 100 places each. */
const PLACES = 5_000_000
/** Of what is told of one recipient. */
const MOST_TOLD = 20

/** Of recipients that are one mailbox the first one stays. */
export function parseRecipients(given: readonly unknown[], options: RecipientOptions): ParsedRecipients {
  const { texts, provided, stopAfter } = options
  const effort = new Effort(PLACES)
  const statics = rehearse([...texts.text, ...texts.html], {}, new Effort(PLACES)).characters
  const judge = { texts, provided, effort, statics }
  const byMailbox = new Map<string, NewRecipient>()
  const refused: Refused[] = []
  let told = 0
  for (const [index, one] of given.entries()) {
    if (told >= stopAfter || effort.isSpent) break
    const { errors, recipient } = parseRecipient(one, `/recipients/${index}`, judge)
    told += errors.length
    if (errors.length > 0) refused.push({ index, errors })
    else if (recipient !== undefined && !byMailbox.has(recipient.mailbox.normalised))
      byMailbox.set(recipient.mailbox.normalised, recipient)
  }
  const recipients = [...byMailbox.values()]
  return {
    recipients,
    refused,
    duplicates: given.length - refused.length - recipients.length,
    errors: effort.isSpent ? [TOO_MUCH] : unknownBlocks(texts, recipients),
  }
}

const TOO_MUCH: FieldError = {
  pointer: '/recipients',
  code: 'too_much_to_fill_in',
  detail: `more than ${PLACES} places in all: fewer lists in lists, or smaller batches`,
}

/** A block of which nobody has the value is a name that was mistyped. */
function unknownBlocks(texts: Texts, recipients: readonly NewRecipient[]): readonly FieldError[] {
  return Object.entries(texts).flatMap(([part, template]: [string, Texts['text']]) =>
    [...blockNames(template)]
      .filter((name) => recipients.length > 0 && !recipients.some(({ variables }) => knows(variables, name)))
      .map((name) => ({
        pointer: `/${part}`,
        code: 'unknown_placeholder',
        detail: `no recipient has a value for the block "${name}"`,
      })),
  )
}

function knows(variables: Variables = {}, name: string): boolean {
  if (name === '.' || Object.hasOwn(variables, name)) return true
  return Object.values(variables).some(
    (value) => isList(value) && value.some((item) => typeof item === 'object' && Object.hasOwn(item, name)),
  )
}

interface Judge extends Pick<RecipientOptions, 'texts' | 'provided'> {
  readonly effort: Effort
  /** Characters of the texts without any value. */
  readonly statics: number
}

function parseRecipient(
  given: unknown,
  pointer: string,
  judge: Judge,
): { readonly errors: readonly FieldError[]; readonly recipient?: NewRecipient } {
  const faults = faultsOf(Recipient, given)
  if (faults.length > 0)
    return {
      errors: faults.map((fault) =>
        fieldError({ ...fault, instancePath: `${pointer}${fault.instancePath}` }, 'body'),
      ),
    }
  const { address, variables, headers } = given as Static<typeof Recipient>
  const parsed = parseAddress(address.trim())
  const errors = [
    ...(parsed.ok ? [] : [{ pointer: `${pointer}/address`, code: parsed.code }]),
    ...variablesErrors(variables ?? {}, `${pointer}/variables`, judge),
    ...headersFaults(headers ?? {}, `${pointer}/headers`),
  ]
  if (!parsed.ok || errors.length > 0) return { errors: errors.slice(0, MOST_TOLD) }
  return { errors, recipient: { mailbox: parsed.mailbox, variables, headers } }
}

function variablesErrors(variables: Variables, pointer: string, judge: Judge): readonly FieldError[] {
  const at = (path: readonly (string | number)[]) =>
    [pointer, ...path.map((part) => pointerPart(String(part)))].join('/')
  const reserved = judge.provided.filter((name) => Object.hasOwn(variables, name))
  const own = [
    ...variableFaults(variables).map(({ path, code }) => ({ pointer: at(path), code })),
    ...reserved.map((name) => ({ pointer: at([name]), code: 'reserved_variable' })),
  ]
  return own.length > 0 ? own : textsErrors(variables, at, judge)
}

/** A text that asks for a variable which a recipient lacks would be sent with a hole in it. */
function textsErrors(
  variables: Variables,
  at: (path: readonly string[]) => string,
  { texts, provided, effort, statics }: Judge,
): readonly FieldError[] {
  const filled = { ...variables, ...Object.fromEntries(provided.map((name) => [name, 'x'])) }
  const subject = rehearse(texts.subject, filled, effort)
  const bodies = [texts.text, texts.html].map((template) => rehearse(template, filled, effort))
  const all = [subject, ...bodies]
  const errors: FieldError[] = [
    ...named(all.map(({ missing }) => missing)).map((name) => ({
      pointer: at([name]),
      code: 'missing_variable',
    })),
    ...named(all.map(({ lists }) => lists)).map((name) => ({
      pointer: at([name]),
      code: 'list_as_text',
      detail: `{{#each ${name}}}…{{/each}} goes through a list`,
    })),
    ...named(all.map(({ values }) => values)).map((name) => ({ pointer: at([name]), code: 'value_as_list' })),
  ]
  if (bodies.reduce((sum, { characters }) => sum + characters, -statics) > MOST_ADDED)
    errors.push({ pointer: at([]), code: 'values_too_large', detail: `at most ${MOST_ADDED} characters` })
  if (errors.length === 0) errors.push(...subjectErrors(texts, filled, subject.characters, at([])))
  return errors
}

const named = (sets: readonly ReadonlySet<string>[]): readonly string[] => [
  ...new Set(sets.flatMap((names) => [...names])),
]

function subjectErrors(
  { subject }: Texts,
  variables: Variables,
  characters: number,
  pointer: string,
): readonly FieldError[] {
  if (characters > LONGEST_SUBJECT)
    return [{ pointer, code: 'subject_too_long', detail: `filled in, at most ${LONGEST_SUBJECT} characters` }]
  const rendered = renderText(subject, variables)
  // Of a subject that was found at fault as a whole nothing is here.
  if (subject.length > 0 && rendered.trim() === '')
    return [{ pointer, code: 'subject_empty', detail: 'filled in, nothing is left' }]
  if (!LINE_BREAK.test(rendered)) return []
  const shown = shownNames(subject)
  const guilty = Object.keys(variables).filter((name) => shown.has(name) && breaksLine(variables[name]))
  const detail = 'in the subject'
  if (guilty.length === 0) return [{ pointer, code: 'line_break', detail }]
  return guilty.map((name) => ({ pointer: `${pointer}/${pointerPart(name)}`, code: 'line_break', detail }))
}

function breaksLine(value: Value | Item | undefined): boolean {
  if (typeof value !== 'object') return LINE_BREAK.test(String(value))
  return Object.values(value).some((inner: Item) => breaksLine(inner))
}
