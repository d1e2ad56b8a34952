/**
 * What an event of Amazon SES says of a mail.
 * Source: Amazon SES developer guide, "Contents of event data" and "Amazon SNS notification contents".
 */
import type { DeliveryFact, ProviderEvent } from '../domain/delivery.ts'
import type { Fields } from './json.ts'
import { parseRecipientMark } from '../domain/delivery.ts'
import { codeOf, fieldsOf, idOf, instantOf, listOf, parseFields, textsOf } from './json.ts'

interface Kind {
  readonly fact: (detail: Fields) => DeliveryFact | undefined
  /** Where the particulars are. */
  readonly detail: string
  readonly reason?: string
  /** The code when there is no reason. */
  readonly code?: string
}

const BOUNCES: Readonly<Record<string, DeliveryFact>> = {
  Permanent: 'bounced_permanent',
  Transient: 'bounced_transient',
  Undetermined: 'bounced_undetermined',
}

const always = (fact: DeliveryFact) => () => fact

const KINDS: Readonly<Record<string, Kind>> = {
  Send: { fact: always('accepted'), detail: 'send' },
  Delivery: { fact: always('delivered'), detail: 'delivery' },
  DeliveryDelay: { fact: always('delayed'), detail: 'deliveryDelay', reason: 'delayType' },
  Open: { fact: always('opened'), detail: 'open' },
  Click: { fact: always('clicked'), detail: 'click' },
  Reject: { fact: always('rejected'), detail: 'reject', reason: 'reason', code: 'ses_rejected_content' },
  'Rendering Failure': { fact: always('rejected'), detail: 'failure', code: 'ses_rendering_failure' },
  Bounce: {
    fact: ({ bounceType }) => BOUNCES[String(bounceType)] ?? 'bounced_undetermined',
    detail: 'bounce',
    reason: 'bounceSubType',
  },
  Complaint: {
    // Somebody took the mail out of the junk folder: the opposite of a complaint.
    fact: ({ complaintFeedbackType }) => (complaintFeedbackType === 'not-spam' ? undefined : 'complained'),
    detail: 'complaint',
    reason: 'complaintFeedbackType',
  },
}

export const SES_EVENTS = Object.keys(KINDS)

/** The name of the event; events of a configuration set have another field for it than notifications of an identity. */
export function sesEventName(message: string): string | undefined {
  const { eventType, notificationType } = parseFields(message) ?? {}
  return idOf(eventType ?? notificationType)
}

/** @param message of an SNS notification. @returns undefined when it tells nothing of a mail. */
export function parseSesEvent(message: string): ProviderEvent | undefined {
  const event = parseFields(message)
  const name = String(event?.['eventType'] ?? event?.['notificationType'])
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (event === undefined || kind === undefined) return undefined
  const detail = fieldsOf(event[kind.detail])
  const mail = fieldsOf(event['mail'])
  const fact = kind.fact(detail)
  return fact === undefined
    ? undefined
    : {
        fact,
        at: instantOf(detail['timestamp'] ?? mail['timestamp']),
        providerMessageId: idOf(mail['messageId']),
        recipient: markOf(mail),
        code: codeFor(kind, detail),
        ...suppressionOf(fact, detail),
      }
}

const codeFor = ({ reason, code }: Kind, detail: Fields): string | undefined =>
  (reason === undefined ? undefined : codeOf('ses', detail[reason])) ?? code

function suppressionOf(fact: DeliveryFact, detail: Fields): Pick<ProviderEvent, 'suppress' | 'cause'> {
  const addresses = (list: unknown) => textsOf(listOf(list).map((entry) => fieldsOf(entry)['emailAddress']))
  if (fact === 'bounced_permanent')
    return { suppress: addresses(detail['bouncedRecipients']), cause: 'bounce' }
  if (fact === 'complained')
    return { suppress: addresses(detail['complainedRecipients']), cause: 'complaint' }
  return { suppress: [], cause: undefined }
}

/** Tags come with events, the headers of the mail with notifications that were asked to have them. */
function markOf(mail: Fields): ProviderEvent['recipient'] {
  const tags = fieldsOf(mail['tags'])
  const tag = (name: string) => listOf(tags[name])[0]
  const header = (name: string) =>
    listOf(mail['headers'])
      .map(fieldsOf)
      .find((each) => String(each['name']).toLowerCase() === name)?.['value']
  return (
    parseRecipientMark(tag('batch-id'), tag('batch-recipient')) ??
    parseRecipientMark(header('x-batch-id'), header('x-batch-recipient'))
  )
}
