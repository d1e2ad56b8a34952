/** Batches as clients see them. */
import type { Batch, ListedBatch } from './ports.ts'
import Type from 'typebox'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { PauseReasonView, pauseReasonView } from './pauseReasonView.ts'
import { BATCH_STATES } from '../domain/batchState.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'

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
  id: Type.String({ format: 'uuid' }),
  state: stringEnum(BATCH_STATES),
  recipients: Type.Integer(),
  duplicates: Type.Integer({
    description: 'Recipients given that were the same mailbox as another and are not counted.',
  }),
  retries: Type.Integer({ description: 'How often its failed recipients were tried again on request.' }),
  createdAt: Instant('When it was accepted.'),
  finishedAt: Type.Optional(Instant('When nothing of it was left to do.')),
  errorCode: Type.Optional(Type.String({ description: 'Why the batch as a whole failed.' })),
}

export const ListedBatchView = Type.Object(LISTED)
export const BatchView = Type.Object({
  ...LISTED,
  counts: CountsView,
  pauseReason: Type.Optional(PauseReasonView),
})

/** The answer to its acceptance, which is kept and repeated. */
export const AcceptedView = Type.Object({
  id: LISTED.id,
  state: LISTED.state,
  recipients: LISTED.recipients,
  duplicates: LISTED.duplicates,
  counts: CountsView,
})

export function listedView(batch: Omit<Batch, 'counts' | 'pauseReason'> | ListedBatch) {
  const { id, state, recipients, duplicates, retries, createdAt, finishedAt, errorCode } = batch
  return {
    id,
    state,
    recipients,
    duplicates,
    retries,
    createdAt,
    ...(finishedAt && { finishedAt }),
    ...(errorCode !== null && { errorCode }),
  }
}

export const batchView = (batch: Batch) => ({
  ...listedView(batch),
  counts: batch.counts,
  ...(batch.pauseReason && { pauseReason: pauseReasonView(batch.pauseReason) }),
})
