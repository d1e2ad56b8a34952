/** What the API needs from the store. Whatever changes something is written with its line of the audit log, or not at all. */
import type { Mailbox } from '../domain/address.ts'
import type { AuditAction, AuditEntry } from '../domain/audit.ts'
import type { BatchCommand, BatchState } from '../domain/batchState.ts'
import type { DeliveryFact } from '../domain/delivery.ts'
import type { PauseReason } from '../domain/pauseReason.ts'
import type { Priority } from '../domain/priority.ts'
import type { RecipientCounts } from '../domain/recipientState.ts'
import type { Resolution } from '../domain/resolution.ts'
import type { RetryFilter } from '../domain/retryFilter.ts'
import type { NewSuppression, Suppression, SuppressionReason } from '../domain/suppression.ts'
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Variables } from '../domain/variables.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type {
  AddressPage,
  BatchRefusal,
  FoundRecipient,
  Recipient,
  RecipientPage,
  TracedRecipient,
} from './recipientPorts.ts'
import type { UploadState } from './uploadPorts.ts'

export type * from './recipientPorts.ts'
export type * from './uploadPorts.ts'

export interface NewRecipient {
  readonly mailbox: Mailbox
  readonly variables: Variables | undefined
  readonly headers?: MailHeaders | undefined
}

export interface NewBatch {
  readonly userId: string
  readonly from: string
  readonly replyTo?: string | undefined
  readonly subject: string
  readonly text: string | undefined
  readonly html: string | undefined
  /** Of every mail. */
  readonly headers?: MailHeaders | undefined
  readonly name?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** Each mailbox once. */
  readonly recipients: readonly NewRecipient[]
  /** How many given recipients were the same mailbox as another. */
  readonly duplicates: number
  /** `bulk` when left out. */
  readonly priority?: Priority | undefined
  /** It gets its recipients afterwards: nothing is sent before it is started, or what is there is sent meanwhile. */
  readonly open?: 'held' | 'sending' | undefined
}

export interface Batch {
  readonly id: string
  readonly name: string | null
  readonly tags: readonly string[]
  readonly state: BatchState
  readonly counts: RecipientCounts
  /** Recipients by what the provider told of their mail. */
  readonly deliveries: Readonly<Partial<Record<DeliveryFact, number>>>
  /** The most frequent ones first. */
  readonly refusals: readonly BatchRefusal[]
  readonly recipients: number
  readonly duplicates: number
  readonly createdAt: Date
  readonly finishedAt: Date | null
  readonly errorCode: string | null
  /** How often its failed recipients were tried again on request. */
  readonly retries: number
  /** While it is paused and did so by itself. */
  readonly pauseReason: PauseReason | null
  /** Whether recipients may still be added. */
  readonly isOpen: boolean
  /** When one that was opened was said to be complete. */
  readonly startedAt: Date | null
  /** Of one that was opened. */
  readonly upload: UploadState | null
}

/** Without the counts, which would cost a look at every recipient. */
export type ListedBatch = Omit<Batch, 'counts' | 'deliveries' | 'refusals' | 'pauseReason' | 'upload'> & {
  /** Microseconds: a date of JavaScript would be too coarse to go on from. */
  readonly createdMicros: string
}

export interface BatchPage {
  readonly state: BatchState | undefined
  readonly tag?: string | undefined
  /** The last one of the page before. */
  readonly after: { readonly createdMicros: string; readonly id: string } | undefined
  readonly limit: number
}

/** Under which a client may repeat a request. */
export interface IdempotencyKey {
  readonly userId: string
  readonly key: string
  /** Of what was asked. */
  readonly fingerprint: string
  /** As a worker of a version before may have stored it. */
  readonly formerFingerprint?: () => string
}

/** What the first request under a key was answered. */
export interface StoredAnswer {
  readonly status: number
  readonly location: string
  readonly body: string
}

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
  recipient(id: string, seq: number): Promise<TracedRecipient | undefined>
  address(page: AddressPage): Promise<readonly FoundRecipient[]>
  command(id: string, command: BatchCommand, audit: AuditEntry): Promise<boolean>
  /** @returns how many recipients are tried again; undefined when the batch's state does not allow it. */
  retryFailed(
    id: string,
    filter: RetryFilter,
    audit: (retried: number) => AuditEntry,
  ): Promise<number | undefined>
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

export interface SuppressionPage {
  readonly reason: SuppressionReason | undefined
  /** The last one of the page before; '' for the first page. */
  readonly afterAddress: string
  readonly limit: number
}

/** Addresses are folded ones. */
export interface SuppressionStore {
  find(addressNorm: string): Promise<Suppression | undefined>
  list(page: SuppressionPage): Promise<readonly Suppression[]>
  /** @returns what is on the list afterwards: perhaps an older, stronger reason. */
  add(entry: NewSuppression, audit: AuditEntry): Promise<Suppression>
  /** @returns undefined when there was nothing to lift. */
  lift(addressNorm: string, audit: (lifted: Suppression) => AuditEntry): Promise<Suppression | undefined>
}

export interface AuditRecord extends AuditEntry {
  readonly uid: string
  /** Decimal; the order in which they were written. */
  readonly id: string
  readonly at: Date
}

export interface AuditPage {
  readonly action: AuditAction | undefined
  readonly userId: string | undefined
  readonly from: Date | undefined
  readonly to: Date | undefined
  /** The id of the last one of the page before. */
  readonly before: string | undefined
  readonly limit: number
}

/** The audit log, the newest first. */
export type ListAudit = (page: AuditPage) => Promise<readonly AuditRecord[]>

export interface Grant {
  readonly client: string
  /** Requests that this worker may let through. */
  readonly granted: number
  /** What is left of the budget for any worker. */
  readonly rest: number
  readonly endsInMs: number
}

/** The budgets that all workers share. */
export interface AllowanceLedger {
  lease(clients: readonly string[], budget: number, part: number): Promise<readonly Grant[]>
  forgetEnded(): Promise<void>
}

/** Of the last two minutes. */
export interface Answers {
  readonly answers: number
  /** Took longer than half a second. */
  readonly slow: number
  /** Got a status of 500 or above, however soon. */
  readonly failed: number
}
