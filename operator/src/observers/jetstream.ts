/** Looks at the work queue through the JetStream API: a healthy server says nothing about its streams. */
import type { ConsumerConfig, StreamConfig } from '../../../crds/workQueue.ts'
import type { Sender } from '../components/snapshot.ts'
import type { JetstreamSeen } from '../components/nats/seen.ts'
import type { NatsAccess } from '../components/parts/natsAccess.ts'
import type { Observer } from './watchman.ts'

export interface QueueTarget {
  readonly access: NatsAccess
  readonly stream: StreamConfig
  readonly consumer: ConsumerConfig
}

export interface QueueLook {
  /** What to look at; nothing while NATS cannot be there yet. */
  readonly target: (sender: Sender) => QueueTarget | undefined
  readonly look: (namespace: string, target: QueueTarget, signal: AbortSignal) => Promise<JetstreamSeen>
}

export function jetstream({ target, look }: QueueLook): Observer<'jetstream'> {
  return {
    name: 'jetstream',
    async look(sender, signal) {
      const queue = target(sender)
      if (!queue) return undefined
      const seen = await look(sender.namespace, queue, signal)
      return { good: isGood(seen), seen }
    },
  }
}

function isGood(seen: JetstreamSeen): boolean {
  if (!seen.reached) return false
  return [seen.stream, seen.consumer].every((part) => part.exists && part.differs.length === 0)
}
