/** Batches as clients see them. */
import type { Batch, ListedBatch } from './ports.ts'
import Type from 'typebox'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { BATCH_STATES } from '../domain/batchState.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { RefusedView } from './dryRun.ts'
import { List } from './problem.ts'

/** A date, written as RFC 3339 when it is serialised. */
export const Instant = (description: string) =>
  Type.Unsafe<Date>({ type: 'string', format: 'date-time', description })

const CountsView = Type.Object(
  Object.fromEntries(RECIPIENT_STATES.map((state) => [state, Type.Integer()])) as Record<
    (typeof RECIPIENT_STATES)[number],
    ReturnType<typeof Type.Integer>
  >,
  { description: 'Recipients in each state.' },
)

const LISTED = {
  id: Type.String({ format: 'uuid', description: 'Of the batch.' }),
  name: Type.Optional(Type.String({ description: 'As it was given.' })),
  tags: List(Type.String(), { description: 'As they were given.' }),
  state: stringEnum(BATCH_STATES, { description: 'See the table of states.' }),
  recipients: Type.Integer({ description: 'How many get a mail.' }),
  duplicates: Type.Integer({
    description: 'Recipients given that were the same mailbox as another and are not counted.',
  }),
  retries: Type.Integer({ description: 'How often its failed recipients were tried again on request.' }),
  createdAt: Instant('When it was accepted.'),
  finishedAt: Type.Optional(Instant('When nothing of it was left to do.')),
  errorCode: Type.Optional(Type.String({ description: 'Why the batch as a whole failed.' })),
}

export const ListedBatchView = Type.Object(LISTED)
export const BatchView = Type.Object({ ...LISTED, counts: CountsView })

/** The answer to its acceptance, which is kept and repeated. */
export const AcceptedView = Type.Object({
  id: LISTED.id,
  state: LISTED.state,
  recipients: LISTED.recipients,
  duplicates: LISTED.duplicates,
  counts: CountsView,
  ...RefusedView,
})

export function listedView(batch: Omit<Batch, 'counts'> | ListedBatch) {
  const { id, name, tags, state, recipients, duplicates, retries, createdAt, finishedAt, errorCode } = batch
  return {
    id,
    ...(name !== null && { name }),
    tags,
    state,
    recipients,
    duplicates,
    retries,
    createdAt,
    ...(finishedAt && { finishedAt }),
    ...(errorCode !== null && { errorCode }),
  }
}

export const batchView = (batch: Batch) => ({ ...listedView(batch), counts: batch.counts })
