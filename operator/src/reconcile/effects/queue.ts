/** The work queue, through the JetStream API. */
import type { DesiredQueue } from '../../components/desired.ts'
import { eventOfChange, type Effect } from './effect.ts'

export const queue: Effect<DesiredQueue> = {
  rank: () => 5,
  noun: ({ stream }) => `stream ${stream.name}`,
  event: (_, done, settled) => eventOfChange(done, settled),
  carryOut: async (wish, { ports, sender, signal }) => ({
    outcome: await ports.keepQueue(wish, sender, signal),
  }),
}
