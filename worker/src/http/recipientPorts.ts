/** What the API reads of recipients: what became of each, what was tried, and what was said. */
import type { BatchState } from '../domain/batchState.ts'
import type { DeliveryFact } from '../domain/delivery.ts'
import type { RecipientState } from '../domain/recipientState.ts'
import type { Stage } from '../domain/reply.ts'

export interface Recipient {
  readonly seq: number
  readonly address: string
  readonly state: RecipientState
  readonly attempts: number
  readonly providerMessageId: string | null
  readonly errorClass: string | null
  readonly errorCode: string | null
  /** What the provider told of the mail last, by rank. */
  readonly delivery: DeliveryFact | null
  readonly deliveryAt: Date | null
  readonly updatedAt: Date
}

/** One attempt, and what was said. */
export interface Attempt {
  readonly attempt: number
  /** A retry class; `lost` when its lease ran out. */
  readonly outcome: string
  readonly provider: string
  readonly stage: Stage | null
  readonly replyCode: number | null
  readonly enhancedCode: string | null
  readonly words: string | null
  readonly errorCode: string | null
  readonly providerMessageId: string | null
  /** ISO 8601, as PostgreSQL writes it in JSON. */
  readonly startedAt: string | null
  readonly recordedAt: string
}

/** What the provider told of the mail afterwards. */
export interface DeliveryEvent {
  readonly fact: DeliveryFact
  readonly errorCode: string | null
  readonly at: string
  readonly recordedAt: string
}

export interface TracedRecipient extends Recipient {
  /** Tries spent. */
  readonly tries: number
  /** Of one that waits: when it is tried again. */
  readonly dueAt: Date | null
  /** The last one first. */
  readonly tried: readonly Attempt[]
  readonly events: readonly DeliveryEvent[]
}

export interface FoundRecipient extends Recipient {
  readonly batchId: string
  readonly batchName: string | null
  readonly batchState: BatchState
  readonly createdAt: Date
  readonly createdMicros: string
}

export interface AddressPage {
  /** Folded, and as batches that were accepted before addresses were folded may have it. */
  readonly spellings: readonly string[]
  readonly after: { readonly createdMicros: string; readonly id: string } | undefined
  readonly limit: number
}

/** What recipients of a batch were refused for last, and the words of one of them. */
export interface BatchRefusal {
  readonly errorClass: string
  readonly errorCode: string
  readonly recipients: number
  readonly example: {
    readonly seq: number
    readonly stage: Stage | null
    readonly replyCode: number | null
    readonly enhancedCode: string | null
    readonly words: string | null
  }
}

export interface RecipientPage {
  readonly state?: RecipientState | undefined
  readonly delivery?: DeliveryFact | undefined
  readonly errorCode?: string | undefined
  /** The last one of the page before; -1 for the first page. */
  readonly afterSeq: number
  readonly limit: number
}
