/** Keys that data is encrypted with, made once. */
import type { DesiredKey } from '../../components/desired.ts'
import { eventOfChange, type Effect } from './effect.ts'

export const key: Effect<DesiredKey> = {
  rank: () => 0,
  noun: ({ secret }) => `Secret ${secret.name}`,
  event: (_, done, settled) => eventOfChange(done, settled),
  carryOut: async (wish, { ports, claim, signal }) => ({
    outcome: await ports.makeKey(wish, claim, signal),
  }),
}
