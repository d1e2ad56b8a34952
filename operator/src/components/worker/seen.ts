/**
 * What was seen of the workers, by their own words: kept so that it stays the same while nothing turns. Figures that move
 * are told as what they mean; instants are those of something that began.
 */

declare module '../snapshot.ts' {
  interface Evidence {
    readonly workerEvidence?: Sighting<WorkerSeen>
  }
}

export type WorkerSeen = { readonly reached: false } | WorkerReached

export interface WorkerReached {
  readonly reached: true
  readonly fsync?: string
  readonly synchronousCommit?: string
  readonly providerRefuses?: true
  readonly featuresRefuse?: true
  readonly fullPageWrites?: string
  /** How many; absent when there are none. */
  readonly unloggedTables?: string
  /** The way to PostgreSQL; absent when it was not told. */
  readonly postgresTls?: 'none' | 'unverified' | 'verified'
  /** Absent of a worker that does not tell. */
  readonly mail?: MailSeen
  /** Absent of a worker that does not tell. */
  readonly api?: ApiSeen
  /** Absent where nothing is handed to ClickHouse. */
  readonly audit?: Waiting
  /** Absent where no webhooks are taken. */
  readonly webhooks?: WebhooksSeen
}

/** How much is refused, or waits: beyond the limit, near it, or less. */
export type Level = 'much' | 'near' | 'little'

export interface MailSeen {
  readonly paused: boolean
  /** While nothing goes through to the provider. */
  readonly closed?: ProviderClosed
  readonly deadLetters: boolean
  readonly inDoubt: boolean
  /** Since when a batch has not got on; absent while that is no longer than it may take. */
  readonly stuckSince?: string
  readonly refused: Level
  /** The class of most refusals; absent when there are few. */
  readonly mostRefused?: string
  readonly backlog: Level
}

export interface ProviderClosed {
  readonly since: string
  readonly retryClass: string
  /** Ours, such as `smtp_451`. */
  readonly code?: string
  /** Of every worker, or of some. */
  readonly ofAll: boolean
  /** For longer than a stutter. */
  readonly lasting: boolean
}

/** How many of the answers of the last two minutes were late, or said that the server failed. */
export interface ApiSeen {
  readonly slow: Level
  readonly failed: Level
}

/** @property since when the oldest came, when it is late */
export interface Waiting {
  readonly since?: string
}

export interface WebhooksSeen {
  /** What becomes of one that nobody signed. */
  readonly forgery: 'genuine' | 'forged' | 'unavailable' | 'ignored'
  /** A genuine one came within two days. */
  readonly verified: boolean
  /** One was turned away within an hour. */
  readonly forged: boolean
  readonly inbox: Waiting
}
