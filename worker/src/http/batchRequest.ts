/** The body of `POST /v1/batches`: its schema, and the whole of it put together. */
import type { Static } from 'typebox'
import Type from 'typebox'
import type { FieldError } from './problem.ts'
import type { NewBatch } from './ports.ts'
import type { Refused } from './batchRecipients.ts'
import { contentFaults, textsOf } from './batchContent.ts'
import { parseRecipients } from './batchRecipients.ts'
import { fieldError } from './problemOf.ts'
import { ERRORS_TOLD } from './problem.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { PRIORITIES } from '../domain/priority.ts'
import { HeadersGiven, Recipient } from './recipientRequest.ts'
import { faultsOf } from './validation.ts'

const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description })

const FIELDS = {
  from: Type.String({ minLength: 3, maxLength: 320, description: 'The sender: `a@b` or `Name <a@b>`.' }),
  replyTo: Type.Optional(text(320, 'Where answers go: `a@b` or `Name <a@b>`.')),
  subject: text(998, 'May hold placeholders; filled in it may have 988 characters and must not be empty.'),
  text: Type.Optional(
    Type.String({ minLength: 1, description: 'The plain text. It, `html` or both have to be there.' }),
  ),
  html: Type.Optional(Type.String({ minLength: 1, description: 'The HTML. Values are put in as text.' })),
  headers: Type.Optional(
    HeadersGiven(50, 'Headers of every mail. Those that the worker or the way writes are refused.'),
  ),
  name: Type.Optional(text(200, 'For people: shown with the batch, and nowhere in its mails.')),
  tags: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$' }), {
      maxItems: 20,
      uniqueItems: true,
      description: 'For lists: `GET /v1/batches?tag=` finds the batch by each of them.',
    }),
  ),
  priority: Type.Optional(
    stringEnum(PRIORITIES, {
      default: 'bulk',
      description:
        'Who goes first: `transactional` passes what is `bulk`, and has a share of the rate that bulk never takes.',
    }),
  ),
  state: Type.Optional(
    stringEnum(['open'], {
      description:
        'Left out, the batch is complete as it is given. `open`: it gets its recipients afterwards, at `/v1/batches/{id}/recipients`, and is sent when it is started.',
    }),
  ),
  sendWhileOpen: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Of an open batch: send what there is while more is added.',
    }),
  ),
  dryRun: Type.Optional(
    Type.Boolean({
      description: 'Check everything and show the first mail; accept nothing.',
      default: false,
    }),
  ),
}

export const BatchRequest = Type.Object(
  {
    ...FIELDS,
    recipients: Type.Optional(
      Type.Array(Recipient, {
        minItems: 1,
        maxItems: 50_000,
        description:
          'Who gets a mail; of those that are one mailbox the first. Required, but of an open batch, which has none yet.',
      }),
    ),
  },
  {
    additionalProperties: false,
    title: 'NewBatch',
    examples: [
      {
        from: 'Shop <shop@example.org>',
        subject: 'Hello {{name}}',
        text: 'Hello {{name}}, your order is on its way:{{#each items}} {{count}} × {{what}}{{/each}}',
        recipients: [
          {
            address: 'somebody@example.org',
            variables: { name: 'Somebody', items: [{ count: 2, what: 'tea' }] },
          },
        ],
      },
    ],
  },
)

/** Looked at one by one afterwards, so that some may be left out. */
const Whole = Type.Object(
  { ...FIELDS, recipients: Type.Optional(Type.Array(Type.Unknown(), { minItems: 1, maxItems: 50_000 })) },
  { additionalProperties: false },
)

export type BatchRequest = Static<typeof BatchRequest>

export type ParsedRequest =
  | {
      readonly batch: Omit<NewBatch, 'userId'>
      readonly refused: readonly Refused[]
      readonly dryRun: boolean
    }
  | { readonly errors: readonly FieldError[] }

export interface ParseOptions {
  /** Variables that every recipient has without being given them. */
  readonly provided: readonly string[]
  /** Whether recipients at fault are left out, instead of the batch being refused for them. */
  readonly skipsInvalid: boolean
}

export function parseBatchRequest(body: unknown, options: ParseOptions): ParsedRequest {
  const faults = faultsOf(Whole, body)
  const ofSchema = faults.map((fault) => fieldError(fault, 'body'))
  // Of what has other types than these nothing more can be said.
  if (!faults.every(({ keyword }) => LEAVES_TYPES.has(keyword))) return { errors: ofSchema }
  const request = body as Given
  const texts = textsOf(request)
  const recipients = parseRecipients(request.recipients ?? [], {
    texts: texts.parsed,
    provided: options.provided,
    stopAfter: options.skipsInvalid ? Infinity : ERRORS_TOLD,
  })
  const errors = [
    ...ofSchema,
    ...openFaults(request),
    ...contentFaults(request),
    ...texts.faults,
    ...recipients.errors,
  ]
  if (!options.skipsInvalid || recipients.recipients.length === 0)
    errors.push(...recipients.refused.flatMap((one) => one.errors))
  if (errors.length > 0) return { errors: errors.slice(0, ERRORS_TOLD) }
  const { dryRun = false, state, sendWhileOpen, ...content } = request as Whole
  const open = openOf(state, sendWhileOpen)
  const { refused, duplicates } = recipients
  const batch = { ...NOTHING, ...content, open, recipients: recipients.recipients, duplicates }
  return { batch, refused, dryRun }
}

function openOf(state: Given['state'], sendWhileOpen = false): NewBatch['open'] {
  if (state === undefined) return undefined
  return sendWhileOpen ? 'sending' : 'held'
}

/** Which of its fields go together; to look at an open batch somebody may be named. */
function openFaults({ state, sendWhileOpen, recipients, dryRun = false }: Given): readonly FieldError[] {
  if (state === 'open')
    return recipients === undefined || dryRun ? [] : [{ pointer: '/recipients', code: 'recipients_of_open' }]
  return [
    ...(recipients === undefined ? [{ pointer: '/recipients', code: 'required' }] : []),
    ...(sendWhileOpen === undefined ? [] : [{ pointer: '/sendWhileOpen', code: 'only_while_open' }]),
  ]
}

type Whole = Static<typeof Whole>
/** What may be missing of it has been told. */
type Given = Partial<Whole>

const LEAVES_TYPES = new Set(['required', 'additionalProperties', 'maxLength'])
const NOTHING = { text: undefined, html: undefined }
