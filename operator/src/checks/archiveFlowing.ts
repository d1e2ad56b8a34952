/** Proves that events past their time are on the archive disk: from the parts themselves, not from the rule. */
import type { Check, Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { TableSeen } from '../components/parts/clickhouseSeen.ts'
import { EMAIL_EVENTS } from '../../../crds/clickhouseTables.ts'
import { lateTables } from '../components/archive/lateness.ts'
import { lossOf, toldLoss } from '../components/parts/dataLoss.ts'
import { archiveWish } from '../components/parts/clickhouse.ts'
import { isStale } from '../components/parts/evidence.ts'
import { lastProof } from './lastProof.ts'

/** Nothing announces that a part came due an hour ago. */
const LOOK_AGAIN_MS = 300_000

export const archiveFlowing: Check = {
  name: 'archive-flowing',

  prove(snapshot): Proof {
    const wish = archiveWish(snapshot.sender)
    if (!wish) return { state: 'NotConfigured', message: 'spec.clickhouse.archive is not set' }
    const sighting = snapshot.evidence.clickhouse
    if (!sighting)
      return (
        lastProof(snapshot.sender, this.name) ?? {
          state: 'Unknown',
          message: 'ClickHouse has not been looked at yet',
        }
      )
    if (isStale(sighting, snapshot) || !sighting.seen.reached)
      return { state: 'Unknown', message: 'ClickHouse cannot be looked at' }
    const loss = lossOf(snapshot)
    if (loss) return { state: 'Failing', message: toldLoss(loss, undefined) }
    return proofOf(sighting.seen.tables, lateTables(sighting.seen, snapshot.now), snapshot)
  },
}

function proofOf(tables: readonly TableSeen[], late: readonly string[], { sender }: Snapshot): Proof {
  const lookAgainMs = LOOK_AGAIN_MS
  if (late.length > 0) return { state: 'Failing', message: late.join('; '), lookAgainMs }
  const events = tables.find(({ name }) => name === EMAIL_EVENTS)
  if (!events) return { state: 'Unknown', message: `${EMAIL_EVENTS} is not there yet` }
  if (events.parts.unaware > 0 || events.mutation !== undefined)
    return { state: 'Unknown', message: 'old parts do not know the rule yet' }
  if (tables.some(({ parts }) => parts.due.parts > 0))
    return (
      provenBefore(sender) ?? { state: 'Unknown', message: 'parts that came due are moving', lookAgainMs }
    )
  const cold = tables.reduce((sum, { parts }) => sum + parts.cold.parts, 0)
  const message =
    cold === 0
      ? 'no part has come due yet'
      : `${cold} part${cold === 1 ? '' : 's'} on the archive disk, none is overdue`
  return { state: 'Proven', message, lookAgainMs }
}

/** Parts come due all the time and move within minutes: that takes nothing back. */
function provenBefore(sender: Snapshot['sender']): Proof | undefined {
  const last = lastProof(sender, 'archive-flowing')
  return last?.state === 'Proven' ? { ...last, lookAgainMs: LOOK_AGAIN_MS } : undefined
}
