/** What the API needs from the store of batches that are opened first and filled afterwards. */
import type { Mailbox } from '../domain/address.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Content } from '../sending/ports.ts'
import type { FieldError } from './problem.ts'

/** How much of a batch's rows was taken. */
export interface UploadState {
  /** Rows taken so far, whatever became of them: where the next request goes on. */
  readonly offset: number
  /** Of these, how many were at fault. */
  readonly refused: number
}

/** A request that may add to a batch until another one begins. */
export interface UploadHold {
  readonly batchId: string
  /** Of this request, among all. */
  readonly holder: string
  readonly content: Content
  /** Rows that were taken before. */
  readonly offset: number
}

/** A stretch of rows that was taken in one piece. */
export interface UploadPart {
  readonly firstRow: number
  readonly rows: number
  readonly digest: string
}

export interface RefusedRow {
  /** From 0, over all that was given to the batch. */
  readonly row: number
  readonly errors: readonly FieldError[]
}

/** As it is written. */
export interface LotRecipient {
  readonly mailbox: Mailbox
  /** JSON. */
  readonly variables: string | undefined
  readonly headers: string | undefined
}

/** Rows that are taken together, or not at all. */
export interface Lot extends UploadPart {
  /** Each mailbox once; those that the batch has already are left out by the store. */
  readonly recipients: readonly LotRecipient[]
  /** The first of those at fault. */
  readonly refused: readonly RefusedRow[]
  readonly refusedCount: number
}

export type UploadRefusal =
  /** There is no such batch. */
  | 'unknown'
  /** It takes no recipients any more, or never did. */
  | 'closed'
  /** The offset that was given is beyond what was taken, or in the midst of a part. */
  | 'offset'
  /** Another request has begun since. */
  | 'superseded'

export type StartRefusal = 'unknown' | 'state' | 'empty'

export interface UploadStore {
  /**
   * From now on this request is the one that may add.
   * @param from the row that it begins with; undefined to go on after the last one
   */
  begin(id: string, from: number | undefined, audit: AuditEntry): Promise<UploadHold | UploadRefused>
  /** Parts from a row on, in order, a few at a time. */
  parts(id: string, fromRow: number): Promise<readonly UploadPart[]>
  /** @returns how many recipients the batch did not have yet. */
  add(hold: UploadHold, lot: Lot): Promise<number | UploadRefused>
  /** Writes down in the audit log what was added, if anything. */
  finish(hold: UploadHold): Promise<void>
  state(id: string): Promise<(UploadState & { readonly isOpen: boolean }) | undefined>
  refused(
    id: string,
    page: { readonly afterRow: number; readonly limit: number },
  ): Promise<readonly RefusedRow[]>
  /** The batch is complete, and sent. Repeating it changes nothing. */
  start(id: string, audit: (recipients: number) => AuditEntry): Promise<StartRefusal | undefined>
}

export interface UploadRefused {
  readonly refusal: UploadRefusal
  /** Where the batch is; 0 where there is none. */
  readonly offset: number
}
