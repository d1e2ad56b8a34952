/** What sending needs from outside: the ledger in PostgreSQL, a provider, a rate, and someone who looks on. */
import type { DominantRefusal } from '../domain/pauseReason.ts'
import type { RecipientState } from '../domain/recipientState.ts'
import type { OnUncertain, RetryClass } from '../domain/retryClasses.ts'
import type { Reply } from '../domain/reply.ts'
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Variables } from '../domain/variables.ts'

/** What a wake-up names: a stretch of a batch's recipients. */
export interface ChunkRef {
  readonly batchId: string
  readonly chunk: number
}

export interface Content {
  /** `a@b` or `Name <a@b>`. */
  readonly from: string
  readonly replyTo?: string | undefined
  readonly subject: string
  readonly text: string | undefined
  readonly html: string | undefined
  /** Of every mail. */
  readonly headers?: MailHeaders
}

/** A chunk that was opened for work. */
export interface Work extends ChunkRef {
  readonly firstSeq: number
  readonly lastSeq: number
  /** How often the batch had been told to run again. */
  readonly run: number
  /** Since when it has run without a pause; undefined when it never was resumed. To be compared, not read. */
  readonly resumed: string | undefined
  /** Of the whole batch. */
  readonly recipients: number
  /** Refusals that are no reason to pause: a person has looked (`refusalKey`). */
  readonly accepted: readonly string[]
  /** Of a small or an urgent batch: it has room and rate before others. */
  readonly express: boolean
  readonly content: Content
}

/** A recipient that is ours until its lease ends; the claim was committed before anyone sees this. */
export interface Claimed {
  readonly batchId: string
  readonly seq: number
  readonly address: string
  readonly variables: Variables
  /** Of this mail alone. */
  readonly headers?: MailHeaders
  readonly attempt: number
  /** Tries spent before this attempt. */
  readonly tries: number
  /** Mails of it that the provider took and then did not send; unset = none. */
  readonly dropped?: number
  /** Since the first claim of this run, or since the batch was resumed. */
  readonly ageMs: number
  /** Fences the result: who holds the lease, and by which claim. */
  readonly holder: string
}

export interface Result {
  readonly claimed: Claimed
  readonly state: RecipientState
  readonly retryClass: RetryClass
  readonly tries: number
  readonly dueMs: number
  readonly startedAt: Date
  readonly code: string | undefined
  readonly providerMessageId: string | undefined
  /** What was said, and where: kept with the attempt. */
  readonly reply: Reply
}

/** When to look at the chunk again: never, or after a while. */
export type Settled = { readonly done: true } | { readonly done: false; readonly againMs: number }

export interface Ledger {
  /** @returns undefined when nothing of the chunk is to be sent now. Expired leases of the chunk are judged first. */
  begin(ref: ChunkRef): Promise<Work | undefined>
  claim(work: Work, limit: number): Promise<readonly Claimed[]>
  /** @returns how many were written; the others are no longer ours. */
  record(results: readonly Result[]): Promise<number>
  /** Prolongs our leases of the chunk. */
  renew(ref: ChunkRef): Promise<void>
  settle(ref: ChunkRef): Promise<Settled>
  /**
   * Handling the chunk failed for no outage: too often, and it is put aside as a dead letter.
   * @returns whether it is.
   */
  failed(ref: ChunkRef, kind: string): Promise<boolean>
  /**
   * Claims nothing more of a batch of which no mail will be taken, and ends it with what is under way; not one that was
   * told to run again meanwhile.
   */
  failBatch(work: Pick<Work, 'batchId' | 'run'>, retryClass: RetryClass, code: string): Promise<void>
  /** Pauses a batch that goes on as it did when `work` was begun. @returns whether it is paused by this */
  pauseBatch(work: Pick<Work, 'batchId' | 'run' | 'resumed'>, refusal: DominantRefusal): Promise<boolean>
}

export interface OutgoingMail {
  readonly from: string
  readonly replyTo?: string | undefined
  readonly to: string
  readonly subject: string
  readonly text: string | undefined
  readonly html: string | undefined
  /** The same at every attempt for this recipient. */
  readonly messageId: string
  readonly headers: MailHeaders
  /** The whole message (RFC 5322 with CRLF, ends in CRLF), one character per byte ('latin1' string). */
  mime(): string
}

export interface Outcome extends Reply {
  readonly retryClass: RetryClass
  /** Short and ours, such as `smtp_451`. */
  readonly code?: string
  readonly providerMessageId?: string
  readonly retryAfterMs?: number
  /** What the provider said it takes of this account. */
  readonly perSecond?: number
}

/** What a server said of our credentials, when it saw them last. */
export interface LoginSaid {
  readonly credentials: 'accepted' | 'refused' | 'unknown'
  readonly saidAt?: Date
}

export interface Provider {
  readonly name: string
  /** For so long the same mail again is not sent again. */
  readonly repeatableMs?: number
  /** Never throws: whatever happens is an outcome. */
  send(mail: OutgoingMail): Promise<Outcome>
  /** Asks how many mails a second the account may send. @returns undefined when there is no such limit */
  allowance?(): Promise<number | undefined>
  /** `unknown` until it said anything, and of one that asks for none. */
  login(): LoginSaid
  /** Shows it our credentials without a mail; never throws, and takes no longer than a mail. */
  tryLogin?(): Promise<void>
  /** There is no more time to wait: mails under way end now, as what is known of them. */
  giveUp?(): void
  close(): void
}

/** Who is served first: `express` before `bulk`, of which a share is kept for bulk. */
export type Lane = 'express' | 'bulk'

/** The rate that all workers share. */
export interface Rate {
  /** Waits for at least one and takes at most `limit`; 0 only when aborted. */
  take(limit: number, signal: AbortSignal, lane?: Lane): Promise<number>
  giveBack(count: number): void
  /** The provider said how many mails a second it takes. */
  learned(perSecond: number): void
  /** The provider refused because it was too much; for `closedMs` it wants nothing. */
  refused(closedMs?: number): void
}

/** What can be switched while the worker runs; never rejects. */
export interface Switches {
  /** Nothing is claimed meanwhile. */
  isPaused(): Promise<boolean>
  onUncertain(): Promise<OnUncertain>
  claimsWidely(batchId: string): Promise<boolean>
}

export interface Onlooker {
  attempted(retryClass: RetryClass, startedAt: Date, endedAt: Date): void
  /** Results that came after the lease was lost. */
  fenced(count: number): void
  recordFailed(error: unknown, waiting: number): void
  /** The result of one recipient is refused by the database: it is written without its words. */
  setAside(error: unknown, claimed: Claimed): void
}
