/** The word to one NATS node to read its files again. */
import type { DesiredReload } from '../../components/desired.ts'
import type { Effect } from './effect.ts'

export const natsReload: Effect<DesiredReload> = {
  rank: () => 5,
  noun: ({ address }) => `NATS node ${address.node}`,
  event: ({ reason }, { what }) => ({
    type: 'Normal',
    reason: 'NatsReloaded',
    message: `${what} ${reason}: told to reload`,
  }),
  carryOut: async (wish, { ports, sender, signal }) => ({
    outcome: await ports.reloadNats(wish, sender, signal),
  }),
}
