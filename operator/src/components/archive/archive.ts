/** The archive: old events move to a cheaper disk of ClickHouse, by a rule that is applied, proven and healed. */
import type { Verdict } from '../component.ts'
import type { DesiredStatement } from '../wishes/statement.ts'
import type { Snapshot } from '../snapshot.ts'
import type { ClickhouseSeen } from '../parts/clickhouseSeen.ts'
import type { Finding } from './assess.ts'
import { component } from '../component.ts'
import { archiveWish } from '../parts/clickhouse.ts'
import { backupHistory } from '../backup/history.ts'
import { lossOf, toldLoss } from '../parts/dataLoss.ts'
import { refusedLogin } from '../parts/logins.ts'
import { isStale } from '../parts/evidence.ts'
import { assess } from './assess.ts'
import { archiveFigures } from './figures.ts'
import { lateTables } from './lateness.ts'

type ArchiveVerdict = Verdict<'ArchiveReady'>

interface Observed {
  readonly wanted: boolean
  readonly seen: ClickhouseSeen | undefined
  readonly stale: boolean
  readonly findings: readonly Finding[]
  /** Rows that are gone, and what to do, in words. */
  readonly loss?: string
  /** Credentials that are refused, in words. */
  readonly refused?: string
  readonly late: readonly string[]
  readonly early: number
  readonly rule: string
  readonly last?: ArchiveVerdict
}

/** How soon to look again at what only time can change. */
const LOOK_AGAIN_MS = 300_000

export const archive = component<'ArchiveReady', Observed>({
  name: 'archive',
  conditionType: 'ArchiveReady',
  owns: [],
  prunes: [],
  figures: archiveFigures,

  desired(snapshot) {
    const wish = archiveWish(snapshot.sender)
    if (!wish) return []
    const { access } = wish
    // A restore needs room where the tables were, and takes their rules along.
    if (lossOf(snapshot) !== undefined) return []
    return findings(snapshot).flatMap(({ reason, message, step }): DesiredStatement[] =>
      step
        ? [{ type: 'statement', access, subject: step.subject, texts: step.statements, reason, message }]
        : [],
    )
  },

  observe(snapshot) {
    const wish = archiveWish(snapshot.sender)
    const sighting = snapshot.evidence.clickhouse
    const seen = sighting?.seen
    const loss = lossOf(snapshot)
    const refused = refusedLogin(snapshot, 'ArchiveReady', ['operator'])
    return {
      ...(refused !== undefined && { refused }),
      ...(loss && { loss: toldLoss(loss, backupHistory(snapshot).kept?.name) }),
      wanted: wish !== undefined,
      seen,
      stale: sighting !== undefined && isStale(sighting, snapshot),
      findings: findings(snapshot),
      late: lateTables(seen, snapshot.now),
      early: seen?.reached === true ? seen.tables.reduce((sum, { parts }) => sum + parts.early, 0) : 0,
      rule: wish ? `events older than ${wish.afterDays} days move to ${wish.disk}` : '',
      ...lastVerdict(snapshot),
    }
  },

  condition(observed): ArchiveVerdict {
    if (!observed.wanted)
      return { status: 'True', reason: 'NotConfigured', message: 'the spec asks for no archive' }
    const unseen = unseenVerdict(observed)
    if (unseen) return unseen
    if (observed.loss !== undefined) return { status: 'False', reason: 'DataLost', message: observed.loss }
    const [worst] = observed.findings
    if (worst) return { status: 'False', reason: worst.reason, message: worst.message }
    if (observed.late.length > 0)
      return { status: 'False', reason: 'MoveLag', message: observed.late.join('; ') }
    const timed = { status: 'True', lookAgainMs: LOOK_AGAIN_MS } as const
    if (observed.early > 0)
      return {
        ...timed,
        reason: 'EarlyCold',
        message: `${observed.rule}; ${observed.early} parts are there before their time`,
      }
    return { ...timed, reason: 'Archiving', message: observed.rule }
  },
})

/** Of a server that is not seen as it is now. */
function unseenVerdict({ seen, stale, last, refused }: Observed): ArchiveVerdict | undefined {
  if (refused !== undefined) return { status: 'False', reason: 'CredentialsRefused', message: refused }
  if (!seen) return last ?? notObserved('ClickHouse has not been looked at yet')
  if (stale) return notObserved('ClickHouse has not been looked at lately')
  return seen.reached
    ? undefined
    : { status: 'False', reason: seen.fault.reason, message: seen.fault.message }
}

const notObserved = (message: string): ArchiveVerdict => ({
  status: 'Unknown',
  reason: 'NotObserved',
  message,
})

function findings({ sender, evidence }: Snapshot): readonly Finding[] {
  const wish = archiveWish(sender)
  const seen = evidence.clickhouse?.seen
  return wish && seen?.reached === true ? assess(wish, seen) : []
}

/** What was said of the same spec last stands until ClickHouse was looked at. */
function lastVerdict({ sender }: Snapshot): { last: ArchiveVerdict } | undefined {
  const last = sender.status.conditions?.find(({ type }) => type === 'ArchiveReady')
  if (last?.observedGeneration !== sender.generation) return undefined
  // The reason is one of ours: it was written by this component.
  return { last: { status: last.status, reason: last.reason as 'Archiving', message: last.message } }
}
