/** What taking webhooks needs from the store. */
import type { ProviderEvent } from '../domain/delivery.ts'

/** A message of a provider, with what it tells of a mail, if anything. */
export interface Incoming {
  readonly provider: string
  /** The same at every try to deliver it. */
  readonly messageId: string
  readonly type: string
  readonly event: ProviderEvent | undefined
}

export interface WebhookStore {
  /** Durable when it resolves; those that were taken before change nothing. @returns how many were new. */
  take(messages: readonly Incoming[]): Promise<number>
}

export interface Applied {
  /** How many events were looked at. */
  readonly looked: number
  /** Events of mails that are not ours, or no longer. */
  readonly unknown: number
  /** Recipients of whom it is now known whether their mail went. */
  readonly healed: number
}

export interface WebhookEffects {
  /** Gives the oldest due events their effect. */
  apply(limit: number): Promise<Applied>
  /** Forgets messages that nobody repeats any more. */
  forget(): Promise<void>
  /** `since`: when the oldest of it came due; unset = nothing waits. */
  backlog(): Promise<{ readonly rows: number; readonly oldestSeconds: number; readonly since?: Date }>
}
