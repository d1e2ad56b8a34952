/** What an event of Resend says of a mail. Source: resend.com/docs, "Webhooks", and the types of its client. */
import type { DeliveryFact, ProviderEvent } from '../domain/delivery.ts'
import type { Fields } from './json.ts'
import { parseRecipientMark } from '../domain/delivery.ts'
import { codeOf, fieldsOf, idOf, instantOf, listOf, parseFields, textsOf } from './json.ts'

const FACTS: Readonly<Record<string, (data: Fields) => DeliveryFact>> = {
  'email.sent': () => 'accepted',
  'email.delivered': () => 'delivered',
  'email.delivery_delayed': () => 'delayed',
  'email.opened': () => 'opened',
  'email.clicked': () => 'clicked',
  'email.complained': () => 'complained',
  'email.failed': () => 'rejected',
  'email.suppressed': () => 'bounced_permanent',
  'email.bounced': ({ bounce }) => {
    const { type } = fieldsOf(bounce)
    if (type === 'Transient') return 'bounced_transient'
    // Without a type it is what Resend calls a bounce: refused for good.
    return type === 'Undetermined' ? 'bounced_undetermined' : 'bounced_permanent'
  },
}

export const RESEND_EVENTS = Object.keys(FACTS)

export function resendEventName(body: string): string | undefined {
  return idOf(parseFields(body)?.['type'])
}

/** @returns undefined when it tells nothing of a mail that was sent. */
export function parseResendEvent(body: string): ProviderEvent | undefined {
  const { type, created_at: createdAt, data: given } = parseFields(body) ?? {}
  const name = String(type)
  const factOf = Object.hasOwn(FACTS, name) ? FACTS[name] : undefined
  if (factOf === undefined) return undefined
  const data = fieldsOf(given)
  const fact = factOf(data)
  return {
    fact,
    at: instantOf(createdAt),
    providerMessageId: idOf(data['email_id']),
    recipient: markOf(data['tags']),
    code: codeFor(name, data),
    ...suppressionOf(fact, data),
  }
}

function codeFor(name: string, data: Fields): string | undefined {
  if (name === 'email.suppressed') return 'resend_suppressed'
  const code = codeOf('resend', fieldsOf(data['bounce'])['subType'] ?? fieldsOf(data['failed'])['reason'])
  return code ?? (name === 'email.failed' ? 'resend_failed' : undefined)
}

/** Resend does not say which of several recipients it was. */
function suppressionOf(fact: DeliveryFact, data: Fields): Pick<ProviderEvent, 'suppress' | 'cause'> {
  const cause = fact === 'complained' ? 'complaint' : fact === 'bounced_permanent' ? 'bounce' : undefined
  const to = textsOf(data['to'])
  return { suppress: cause !== undefined && to.length === 1 ? to : [], cause }
}

/** An object in webhooks, a list of pairs in the API; either is read. */
function markOf(tags: unknown): ProviderEvent['recipient'] {
  const pairs = listOf(tags).map(fieldsOf)
  const named = (name: string) =>
    fieldsOf(tags)[name] ?? pairs.find((pair) => pair['name'] === name)?.['value']
  return parseRecipientMark(named('batch-id'), named('batch-recipient'))
}
