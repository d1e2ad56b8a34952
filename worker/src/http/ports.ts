/** What the API needs from the store. */
import type { BatchCommand } from '../domain/batchState.ts'
import type { BatchPage, ListedBatch } from '../store/batchList.ts'
import type { Batch, NewBatch } from '../store/batches.ts'
import type { IdempotencyKey, StoredAnswer } from '../store/idempotency.ts'
import type { Recipient, RecipientPage } from '../store/recipients.ts'
import type { NewSuppression, Suppression, SuppressionPage } from '../store/suppressions.ts'

export type Accepted = { readonly answer: StoredAnswer } | { readonly refused: 'inFlight' | 'otherRequest' }

export interface BatchStore {
  /** Once for each key: afterwards the answer that was given then. */
  accept(key: IdempotencyKey, batch: NewBatch, answer: (id: string) => StoredAnswer): Promise<Accepted>
  find(id: string): Promise<Batch | undefined>
  list(page: BatchPage): Promise<readonly ListedBatch[]>
  recipients(id: string, page: RecipientPage): Promise<readonly Recipient[]>
  command(id: string, command: BatchCommand): Promise<boolean>
  /** @returns how many recipients are tried again; undefined when the batch's state does not allow it. */
  retryFailed(id: string): Promise<number | undefined>
}

/** Addresses are normalised ones. */
export interface SuppressionStore {
  find(addressNorm: string): Promise<Suppression | undefined>
  list(page: SuppressionPage): Promise<readonly Suppression[]>
  /** @returns what is on the list afterwards: perhaps an older, stronger reason. */
  add(entry: NewSuppression): Promise<Suppression>
  /** @returns undefined when there was nothing to lift. */
  lift(addressNorm: string): Promise<Suppression | undefined>
}
