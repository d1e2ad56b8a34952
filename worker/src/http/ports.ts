/** What the API needs from the store. Whatever changes something is written with its line of the audit log, or not at all. */
import type { Resolution } from '../domain/resolution.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { BatchCommand } from '../domain/batchState.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type { BatchPage, ListedBatch } from '../store/batchList.ts'
import type { Batch, NewBatch } from '../store/batches.ts'
import type { IdempotencyKey, StoredAnswer } from '../store/idempotency.ts'
import type { Recipient, RecipientPage } from '../store/recipients.ts'
import type { NewSuppression, Suppression, SuppressionPage } from '../store/suppressions.ts'

export type Accepted = { readonly answer: StoredAnswer } | { readonly refused: 'inFlight' | 'otherRequest' }

export interface BatchStore {
  /** Once for each key: afterwards the answer that was given then. */
  accept(
    key: IdempotencyKey,
    batch: NewBatch,
    answer: (id: string) => StoredAnswer,
    audit: (id: string) => AuditEntry,
  ): Promise<Accepted>
  find(id: string): Promise<Batch | undefined>
  /** The same for whoever commands it, who does not stand in line with readers. */
  findToCommand(id: string): Promise<Batch | undefined>
  list(page: BatchPage): Promise<readonly ListedBatch[]>
  recipients(id: string, page: RecipientPage): Promise<readonly Recipient[]>
  command(id: string, command: BatchCommand, audit: AuditEntry): Promise<boolean>
  /** @returns how many recipients are tried again; undefined when the batch's state does not allow it. */
  retryFailed(id: string, audit: (retried: number) => AuditEntry): Promise<number | undefined>
  /** @returns how many recipients in doubt were resolved; undefined when the batch's state does not allow it. */
  resolve(
    id: string,
    resolve: {
      readonly as: Resolution
      /** Normalised; all that are in doubt when undefined. */
      readonly addresses: readonly string[] | undefined
      readonly userId: string
    },
    audit: (resolved: number) => AuditEntry,
  ): Promise<number | undefined>
}

export interface DeadLetter extends ChunkRef {
  /** How many are in the chunk, whatever their state. */
  readonly recipients: number
  readonly failures: number
  /** A code or kind of error, without its words. */
  readonly failure: string | null
  readonly deadAt: Date
}

export interface DeadLetterPage {
  readonly after: ChunkRef | undefined
  readonly limit: number
}

export interface DeadLetterStore {
  list(page: DeadLetterPage): Promise<readonly DeadLetter[]>
  /** @returns false when there is no such dead letter. */
  replay(ref: ChunkRef, audit: AuditEntry): Promise<boolean>
}

/** Addresses are normalised ones. */
export interface SuppressionStore {
  find(addressNorm: string): Promise<Suppression | undefined>
  list(page: SuppressionPage): Promise<readonly Suppression[]>
  /** @returns what is on the list afterwards: perhaps an older, stronger reason. */
  add(entry: NewSuppression, audit: AuditEntry): Promise<Suppression>
  /** @returns undefined when there was nothing to lift. */
  lift(addressNorm: string, audit: (lifted: Suppression) => AuditEntry): Promise<Suppression | undefined>
}
