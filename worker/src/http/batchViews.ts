/** Batches as clients see them. */
import type { Batch, ListedBatch } from './ports.ts'
import Type from 'typebox'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { PauseReasonView, pauseReasonView } from './pauseReasonView.ts'
import { BATCH_STATES } from '../domain/batchState.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { RefusedView } from './dryRun.ts'
import { Instant } from './instant.ts'
import { List } from './problem.ts'
import { present, RefusalView } from './recipientViews.ts'
import { UploadStateView } from './uploads/uploadViews.ts'

const CountsView = Type.Object(
  Object.fromEntries(
    RECIPIENT_STATES.map((state) => [state, Type.Integer({ description: `How many are \`${state}\`.` })]),
  ) as Record<(typeof RECIPIENT_STATES)[number], ReturnType<typeof Type.Integer>>,
  { title: 'RecipientCounts', description: 'Recipients in each state.' },
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
  open: Type.Optional(Type.Boolean({ description: 'True while recipients may be added; absent otherwise.' })),
  startedAt: Type.Optional(Instant('When one that was opened was said to be complete.')),
}

export const ListedBatchView = Type.Object(LISTED, { title: 'ListedBatch' })
export const BatchView = Type.Object(
  {
    ...LISTED,
    counts: CountsView,
    deliveries: Type.Record(Type.String(), Type.Integer(), {
      description: 'Recipients by what the provider told of their mail, for each such telling.',
    }),
    refusals: List(RefusalView, {
      description: 'What recipients were refused for, the most frequent first.',
    }),
    pauseReason: Type.Optional(PauseReasonView),
    upload: Type.Optional(UploadStateView),
  },
  { title: 'Batch' },
)

/** The answer to its acceptance, which is kept and repeated. */
export const AcceptedView = Type.Object(
  {
    id: LISTED.id,
    state: LISTED.state,
    recipients: LISTED.recipients,
    duplicates: LISTED.duplicates,
    counts: CountsView,
    open: LISTED.open,
    ...RefusedView,
  },
  { title: 'AcceptedBatch' },
)

export function listedView(batch: ListedBatch | Omit<ListedBatch, 'createdMicros'>) {
  const { id, name, tags, state, recipients, duplicates, retries, createdAt, finishedAt, errorCode } = batch
  const { isOpen, startedAt } = batch
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
    ...(isOpen && { open: true }),
    ...(startedAt && { startedAt }),
  }
}

export const batchView = (batch: Batch) => ({
  ...listedView(batch),
  counts: batch.counts,
  deliveries: batch.deliveries,
  refusals: batch.refusals.map(({ example, ...refusal }) => ({ ...refusal, example: present(example) })),
  ...(batch.upload && { upload: batch.upload }),
  ...(batch.pauseReason && { pauseReason: pauseReasonView(batch.pauseReason) }),
})
