/** The work queue, through the JetStream API. What cannot be changed in place is told, not deleted. */
import type { DesiredQueue } from '../../components/wishes/queue.ts'
import { messageOf } from '../mishap.ts'
import { eventOfChange, type Effect, type EffectContext, type Written } from './effect.ts'

export const queue: Effect<DesiredQueue> = {
  rank: () => 5,
  noun,
  event: (_, done, settled) => eventOfChange(done, settled),
  carryOut,
}

function noun({ stream }: DesiredQueue): string {
  return `stream ${stream.name}`
}

async function carryOut(wish: DesiredQueue, { tools, sender, signal }: EffectContext): Promise<Written> {
  const what = noun(wish)
  const { access, stream, consumer } = wish
  try {
    await tools.nats.jetstream(
      { namespace: sender.namespace, access },
      async (api) => {
        const known = await api.streamInfo(stream.name)
        await api.request(`STREAM.${known ? 'UPDATE' : 'CREATE'}.${stream.name}`, stream)
        await api.request(`CONSUMER.DURABLE.CREATE.${stream.name}.${consumer.durable_name}`, {
          stream_name: stream.name,
          config: consumer,
        })
      },
      signal,
    )
    return { outcome: { state: 'done', change: 'requested', what } }
  } catch (error) {
    return { outcome: { state: 'waiting', what, fault: `cannot be brought in line: ${messageOf(error)}` } }
  }
}
