/** The work queue in JetStream. */
import type { ConsumerConfig, StreamConfig } from '../../../../crds/workQueue.ts'
import type { NatsAccess } from '../parts/natsAccess.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly queue: DesiredQueue
  }
}

/** The work queue, through the JetStream API. */
export interface DesiredQueue {
  readonly type: 'queue'
  readonly access: NatsAccess
  readonly stream: StreamConfig
  readonly consumer: ConsumerConfig
  readonly reason: string
}
