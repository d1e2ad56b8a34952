/** Looks at the archive in ClickHouse: where parts really are, not where a rule says they should be. */
import type { ClickhouseSeen, Sender } from '../components/snapshot.ts'
import type { Observer } from './watchman.ts'

export interface ClickhouseLook<Target> {
  /** What to look at; nothing when no archive is asked for. */
  readonly target: (sender: Sender) => Target | undefined
  readonly look: (target: Target, signal: AbortSignal) => Promise<ClickhouseSeen>
}

export function clickhouse<Target>({ target, look }: ClickhouseLook<Target>): Observer<'clickhouse'> {
  return {
    name: 'clickhouse',
    async look(sender, signal) {
      const wanted = target(sender)
      if (wanted === undefined) return undefined
      const seen = await look(wanted, signal)
      return { good: seen.reached, seen, underWay: isMoving(seen) }
    },
  }
}

/** Old parts learn a rule, or parts that came due move. */
function isMoving(seen: ClickhouseSeen): boolean {
  return (
    seen.reached && seen.tables.some(({ mutation, parts }) => mutation !== undefined || parts.due.parts > 0)
  )
}
