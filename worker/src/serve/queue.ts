/** The queue of wake-ups, over a connection to NATS that is always being made. */
import type { Part } from '../runtime/parts.ts'
import type { WakeupPublisher } from '../sending/sweep.ts'
import type { WorkQueue } from '../sending/workLoop.ts'
import type { Context } from './context.ts'
import { openNats } from '../queue/connection.ts'
import { jetStreamQueue } from '../queue/jetStreamQueue.ts'

export function openQueue({ settings, log, metrics }: Context): WorkQueue & WakeupPublisher & Part {
  const nats = openNats({
    servers: settings.natsServers,
    tlsDir: settings.natsTlsDir,
    name: settings.workerName,
    onState: (state, error) => {
      metrics.natsConnected.set(state === 'connected' ? 1 : 0)
      log[state === 'connected' ? 'info' : 'warn']({ err: error }, `NATS ${state}`)
    },
  })
  const queue = jetStreamQueue(nats, {
    stream: settings.natsStream,
    subject: settings.natsSubject,
    consumer: settings.natsConsumer,
  })
  return { ...queue, close: () => nats.close() }
}
