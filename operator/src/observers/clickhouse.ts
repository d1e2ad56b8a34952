/** Looks at the archive in ClickHouse: where parts really are, not where a rule says they should be. */
import type { Sender } from '../components/snapshot.ts'
import type { ClickhouseSeen } from '../components/parts/clickhouseSeen.ts'
import type { Observer } from './watchman.ts'

export interface ClickhouseLook<Target> {
  /** What to look at; nothing when no archive is asked for. */
  readonly target: (sender: Sender) => Target | undefined
  readonly look: (target: Target, signal: AbortSignal) => Promise<ClickhouseSeen>
  /** Whether less is seen than is remembered. */
  readonly isLess: (sender: Sender, seen: ClickhouseSeen) => boolean
}

export function clickhouse<Target>({ target, look, isLess }: ClickhouseLook<Target>): Observer<'clickhouse'> {
  return {
    name: 'clickhouse',
    async look(sender, signal) {
      const wanted = target(sender)
      if (wanted === undefined) return undefined
      const seen = await look(wanted, signal)
      // One look may be mistaken; what follows from a loss may not.
      const good = seen.reached && !isLess(sender, seen)
      return { good, seen, underWay: isMoving(seen) }
    },
  }
}

/** Old parts learn a rule, or parts that came due move. */
function isMoving(seen: ClickhouseSeen): boolean {
  return (
    seen.reached && seen.tables.some(({ mutation, parts }) => mutation !== undefined || parts.due.parts > 0)
  )
}
