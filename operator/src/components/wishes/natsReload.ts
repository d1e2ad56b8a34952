/** A word to one NATS node. */
import type { NatsAddress } from '../parts/natsAccess.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly natsReload: DesiredReload
  }
}

/** Tells one NATS node to read its configuration and certificates again. */
export interface DesiredReload {
  readonly type: 'natsReload'
  readonly address: NatsAddress
  /** Secret with the leaf of the system account. */
  readonly systemSecret: string
  readonly reason: string
}
