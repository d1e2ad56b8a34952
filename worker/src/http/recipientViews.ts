/** Recipients as clients see them: in a list, with all that was tried, and over all batches. */
import Type from 'typebox'
import type { Attempt, DeliveryEvent, FoundRecipient, Recipient, TracedRecipient } from './recipientPorts.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { BATCH_STATES } from '../domain/batchState.ts'
import { DELIVERY_FACTS, type DeliveryFact } from '../domain/delivery.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { STAGES } from '../domain/reply.ts'
import { Instant } from './instant.ts'
import { List } from './problem.ts'

export const Delivery = (description: string) =>
  stringEnum(Object.keys(DELIVERY_FACTS) as DeliveryFact[], { description })

const ITEM = {
  seq: Type.Integer({ description: 'Its place in the batch, from 0, without those that were left out.' }),
  address: Type.String({ description: 'As it was given.' }),
  state: stringEnum(RECIPIENT_STATES, { description: 'See the table of states.' }),
  attempts: Type.Integer({ description: 'How often a mail was tried, every attempt counted.' }),
  providerMessageId: Type.Optional(Type.String({ description: 'What the provider calls the mail.' })),
  errorClass: Type.Optional(
    Type.String({ description: 'Whose fault the last refusal is: see the classes.' }),
  ),
  errorCode: Type.Optional(Type.String({ description: 'The last refusal in short, such as `smtp_550`.' })),
  delivery: Type.Optional(Delivery('What the provider told of the mail, the most telling of it.')),
  deliveryAt: Type.Optional(Instant('When the provider says that it happened.')),
  updatedAt: Instant('When its state changed last.'),
}

const REPLY = {
  stage: Type.Optional(
    stringEnum(STAGES, { description: 'Where in the conversation it was said; `api` of an HTTP provider.' }),
  ),
  replyCode: Type.Optional(Type.Integer({ description: 'Of SMTP, or the status of HTTP.' })),
  enhancedCode: Type.Optional(Type.String({ description: 'Such as `5.1.1` (RFC 3463).' })),
  words: Type.Optional(Type.String({ description: 'What the server said, the first 500 characters.' })),
}

const AttemptView = Type.Object(
  {
    attempt: Type.Integer({ description: 'From 1.' }),
    outcome: Type.String({ description: 'A class of the table; `lost` when nobody knows.' }),
    provider: Type.String({ description: 'Who was asked.' }),
    ...REPLY,
    errorCode: ITEM.errorCode,
    providerMessageId: ITEM.providerMessageId,
    startedAt: Type.Optional(Type.String({ format: 'date-time', description: 'When it was begun.' })),
    recordedAt: Type.String({ format: 'date-time', description: 'When its result was written.' }),
  },
  { title: 'Attempt' },
)

const EventView = Type.Object(
  {
    fact: Delivery('What happened.'),
    errorCode: Type.Optional(Type.String({ description: 'Why, such as `ses_mailbox_full`.' })),
    at: Type.String({ format: 'date-time', description: 'When the provider says that it happened.' }),
    recordedAt: Type.String({ format: 'date-time', description: 'When it was taken.' }),
  },
  { title: 'DeliveryEvent' },
)

export const RecipientView = Type.Object(ITEM, { title: 'Recipient' })

export const TracedView = Type.Object(
  {
    ...ITEM,
    tries: Type.Integer({ description: 'Attempts that count: what is not the mail’s fault costs none.' }),
    dueAt: Type.Optional(Instant('When it is tried again.')),
    tried: List(AttemptView, { description: 'What was tried, the last first; 100 at most.' }),
    events: List(EventView, {
      description: 'What the provider told afterwards, the last first; 100 at most.',
    }),
  },
  { title: 'RecipientTrace' },
)

export const FoundView = Type.Object(
  {
    batchId: Type.String({ format: 'uuid', description: 'Of its batch.' }),
    batchName: Type.Optional(Type.String({ description: 'Of its batch, as it was given.' })),
    batchState: stringEnum(BATCH_STATES, { description: 'Of its batch.' }),
    ...ITEM,
  },
  { title: 'FoundRecipient' },
)

export const RefusalView = Type.Object(
  {
    errorClass: Type.String({ description: 'Whose fault it is: see the table of classes.' }),
    errorCode: Type.String({ description: 'In short; `/recipients?errorCode=` lists them.' }),
    recipients: Type.Integer({ description: 'How many were refused so when they were tried last.' }),
    example: Type.Object(
      { seq: Type.Integer({ description: 'Of one of them.' }), ...REPLY },
      { description: 'One of them, and what the server said.' },
    ),
  },
  { title: 'Refusal' },
)

/** Without what there is nothing of. */
export function present<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields as null extends Fields[Name] ? never : Name]: Fields[Name] } & {
  [Name in keyof Fields as null extends Fields[Name] ? Name : never]?: Exclude<Fields[Name], null>
} {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as never
}

export const itemOf = ({ seq, address, state, attempts, updatedAt, ...more }: Recipient) => {
  const { providerMessageId, errorClass, errorCode, delivery, deliveryAt } = more
  const optional = present({ providerMessageId, errorClass, errorCode, delivery, deliveryAt })
  return { seq, address, state, attempts, updatedAt, ...optional }
}

export const foundOf = ({ batchId, batchName, batchState, ...recipient }: FoundRecipient) => ({
  batchId,
  ...present({ batchName }),
  batchState,
  ...itemOf(recipient),
})

export const traceOf = ({ tries, dueAt, tried, events, ...recipient }: TracedRecipient) => ({
  ...itemOf(recipient),
  tries,
  ...present({ dueAt }),
  tried: tried.map((attempt) => present<Attempt>(attempt)),
  events: events.map((event) => present<DeliveryEvent>(event)),
})
