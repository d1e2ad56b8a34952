/** How NATS is reached. */

export interface NatsAddress {
  readonly node: string
  readonly host: string
  readonly port: number
}

/** How the operator reaches a NATS system: addresses, and the Secret with its client certificate, if any. */
export interface NatsAccess {
  readonly servers: readonly string[]
  readonly tlsSecret?: string
}
