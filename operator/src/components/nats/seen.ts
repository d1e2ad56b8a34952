/** What was seen of NATS: what each node shows in a handshake, which configuration it runs, and the work queue. */

declare module '../snapshot.ts' {
  interface Evidence {
    readonly natsHandshake?: Sighting<{ readonly nodes: readonly NodeHandshake[] }>
    /** `wished` tells the configuration that was compared with from another one. */
    readonly natsConfiguration?: Sighting<{
      readonly wished: string
      readonly nodes: readonly NodeConfiguration[]
    }>
    readonly jetstream?: Sighting<JetstreamSeen>
  }
}

/** One NATS node as its handshake showed it. */
export interface NodeHandshake {
  readonly name: string
  readonly servedSerial?: string
  /** SHA-256 of the public key that was shown and used, hexadecimal. */
  readonly servedKeyHash?: string
  /** Why who trusts what clients trust would not believe it. */
  readonly distrust?: 'untrusted' | 'expired' | 'notYetValid'
  /** It is not for the name under which the node is dialled. */
  readonly isMisnamed?: boolean
  /** Why no certificate was seen. */
  readonly fault?: string
  readonly refusesPlain?: boolean
  readonly refusesAnonymous?: boolean
  /** Which address it was, where several that the name leads to answer. */
  readonly shownAt?: string
  /** Since when it answers and is not as it should be. */
  readonly astraySince?: Date
}

/** Which configuration one NATS node runs; without `isWished` nothing is known of it. */
export interface NodeConfiguration {
  readonly name: string
  readonly isWished?: boolean
  readonly fault?: string
  /** It answers, and does not let the system account in. */
  readonly turnsAway?: boolean
  /** Since when it answers and runs another one. */
  readonly astraySince?: Date
}

/** What the JetStream API said of the work queue; `differs` names the settings that are not as they should be. */
export type JetstreamSeen =
  | { readonly reached: false; readonly fault: string }
  | { readonly reached: true; readonly stream: QueuePart; readonly consumer: QueuePart }

export type QueuePart =
  { readonly exists: false } | { readonly exists: true; readonly differs: readonly string[] }
