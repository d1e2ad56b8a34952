/** The recipients of a new batch, each held against its schema, its own values and the texts that ask for them. */
import type { Static } from 'typebox'
import type { FieldError } from './problem.ts'
import type { NewRecipient } from './ports.ts'
import type { Texts } from './batchContent.ts'
import type { Variables } from '../domain/variables.ts'
import { parseAddress } from '../domain/address.ts'
import { blockNames, Effort } from '../domain/rehearsal.ts'
import { isList } from '../domain/variables.ts'
import { headersFaults } from './batchContent.ts'
import type { Plan } from './recipientVariables.ts'
import { planOf, variablesErrors } from './recipientVariables.ts'
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

/** Of all recipients together: 50,000 with 100 values each. */
const PLACES = 5_000_000
/** Of what is told of one recipient. */
const MOST_TOLD = 20

/** Of recipients that are one mailbox the first one stays. */
export function parseRecipients(given: readonly unknown[], options: RecipientOptions): ParsedRecipients {
  const { texts, provided, stopAfter } = options
  const effort = new Effort(PLACES)
  const plan = planOf(texts, provided)
  const byMailbox = new Map<string, NewRecipient>()
  const refused: Refused[] = []
  let told = 0
  for (const [index, one] of given.entries()) {
    if (told >= stopAfter || effort.isSpent) break
    const { errors, recipient } = parseRecipient(one, `/recipients/${index}`, plan, effort)
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
    errors: effort.isSpent ? [TOO_MUCH] : unknownBlocks(plan, recipients),
  }
}

const TOO_MUCH: FieldError = {
  pointer: '/recipients',
  code: 'too_much_to_fill_in',
  detail: `more than ${PLACES} places in all: fewer lists in lists, or smaller batches`,
}

/** A block of which nobody has the value is a name that was mistyped. */
function unknownBlocks({ demands }: Plan, recipients: readonly NewRecipient[]): readonly FieldError[] {
  return Object.entries(demands).flatMap(([part, demand]) =>
    blockNames(demand)
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

const NONE: Variables = {}

/** @param pointer of the recipient in what was given */
export function parseRecipient(
  given: unknown,
  pointer: string,
  plan: Plan,
  effort: Effort,
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
    ...variablesErrors(variables ?? NONE, `${pointer}/variables`, plan, effort),
    ...(headers === undefined ? [] : headersFaults(headers, `${pointer}/headers`)),
  ]
  if (!parsed.ok || errors.length > 0) return { errors: errors.slice(0, MOST_TOLD) }
  return { errors, recipient: { mailbox: parsed.mailbox, variables, headers } }
}
