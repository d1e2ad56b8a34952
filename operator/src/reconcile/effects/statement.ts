/** Statements for ClickHouse. */
import type { DesiredStatement } from '../../components/desired.ts'
import type { Effect } from './effect.ts'

export const statement: Effect<DesiredStatement> = {
  rank: () => 5,
  noun: ({ subject }) => `ClickHouse table ${subject}`,
  event: ({ reason, message }, _, settled) => ({
    type: settled ? 'Warning' : 'Normal',
    reason,
    message: `${message}: told ClickHouse`,
  }),
  carryOut: async (wish, { ports, sender, signal }) => ({
    outcome: await ports.runStatement(wish, sender, signal),
  }),
}
