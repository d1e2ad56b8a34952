/** Statements for ClickHouse. */
import type { DesiredStatement } from '../../components/wishes/statement.ts'
import type { Effect, EffectContext, Written } from './effect.ts'

export const statement: Effect<DesiredStatement> = {
  rank: () => 5,
  noun,
  event: ({ reason, message }, _, settled) => ({
    type: settled ? 'Warning' : 'Normal',
    reason,
    message: `${message}: told ClickHouse`,
  }),
  // Of several, one may have been carried out.
  outdates: { done: 'clickhouse', waiting: 'clickhouse', refused: 'clickhouse' },
  repeated: {
    words: ({ access, texts }, { namespace }) => [namespace, access.url, ...texts].join('\n'),
    pauses: {
      // What was carried out and is asked for again changed nothing; what did not come through may do so any moment.
      done: { firstMs: 5_000, longestMs: 300_000 },
      waiting: { firstMs: 1_000, longestMs: 30_000 },
    },
  },
  carryOut,
}

function noun({ subject }: DesiredStatement): string {
  return `ClickHouse table ${subject}`
}

/** What the server refuses is told with the reason that its code means. */
async function carryOut(wish: DesiredStatement, { tools, sender, signal }: EffectContext): Promise<Written> {
  const what = noun(wish)
  const { access, texts } = wish
  const fault = await tools.clickhouse.run({ namespace: sender.namespace, access }, texts, signal)
  if (!fault) return { outcome: { state: 'done', change: 'requested', what } }
  const { reason, message } = fault
  if (reason === 'Unreachable') return { outcome: { state: 'waiting', what: `${what}: ${message}` } }
  return { outcome: { state: 'refused', what, message, invalid: false, reason } }
}
