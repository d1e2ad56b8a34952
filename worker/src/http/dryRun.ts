/** What would become of a batch: how many would get a mail, who would not, and the first mail as it would be. */
import Type from 'typebox'
import type { Refused } from './batchRecipients.ts'
import type { NewBatch, NewRecipient } from './ports.ts'
import { renderMail } from '../sending/renderMail.ts'
import { FieldErrorView, List } from './problem.ts'

/** Of how many left-out recipients an answer tells; it tells the number of all. */
export const REFUSED_TOLD = 1_000

export const RefusedView = {
  refused: Type.Optional(
    List(
      Type.Object(
        {
          index: Type.Integer({ description: 'Its place in `recipients`, from 0.' }),
          errors: List(FieldErrorView, { description: 'What is wrong with it.' }),
        },
        { title: 'RefusedRecipient' },
      ),
      { description: `Recipients that were left out, the first ${REFUSED_TOLD} of them.` },
    ),
  ),
  refusedCount: Type.Optional(Type.Integer({ description: 'How many recipients were left out.' })),
}

const PreviewView = Type.Object(
  {
    to: Type.String({ description: 'The address of the first recipient.' }),
    from: Type.String({ description: 'As it was given.' }),
    replyTo: Type.Optional(Type.String({ description: 'As it was given.' })),
    subject: Type.String({ description: 'Filled in.' }),
    text: Type.Optional(Type.String({ description: 'Filled in.' })),
    html: Type.Optional(Type.String({ description: 'Filled in.' })),
    headers: Type.Record(Type.String(), Type.String(), {
      description: 'All that the worker adds, with a batch id of zeros.',
    }),
  },
  { title: 'Preview', description: 'The mail to the first recipient.' },
)

export const DryRunView = Type.Object(
  {
    dryRun: Type.Literal(true, { description: 'Nothing was accepted.' }),
    recipients: Type.Integer({ description: 'How many would get a mail.' }),
    duplicates: Type.Integer({ description: 'How many given recipients are the same mailbox as another.' }),
    ...RefusedView,
    preview: Type.Optional(PreviewView),
  },
  { title: 'DryRun' },
)

const NO_BATCH = '00000000-0000-0000-0000-000000000000'

/** @param provided variables of which nobody knows the value before the batch is there */
export function dryRunOf(batch: NewBatch, refused: readonly Refused[], provided: readonly string[]) {
  const { recipients, duplicates } = batch
  const [first] = recipients
  return {
    dryRun: true as const,
    recipients: recipients.length,
    duplicates,
    ...(refused.length > 0 && { refused: refused.slice(0, REFUSED_TOLD), refusedCount: refused.length }),
    // Of an open batch nobody may have been given.
    ...(first !== undefined && { preview: previewOf(batch, first, provided) }),
  }
}

function previewOf(batch: NewBatch, first: NewRecipient, provided: readonly string[]) {
  const { from, replyTo, headers = {} } = batch
  const later = Object.fromEntries(provided.map((name) => [name, `{{${name}}}`]))
  const mail = renderMail(
    { from, replyTo, subject: batch.subject, text: batch.text, html: batch.html, headers },
    {
      batchId: NO_BATCH,
      seq: 0,
      address: first.mailbox.address,
      variables: { ...first.variables, ...later },
      headers: first.headers ?? {},
    },
  )
  const { to, subject, text, html } = mail
  return {
    to,
    from,
    ...(replyTo !== undefined && { replyTo }),
    subject,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    headers: { ...mail.headers, 'Message-ID': mail.messageId },
  }
}
