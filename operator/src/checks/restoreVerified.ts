/** Proves that a backup can be restored: by one that was, with every partition equal to what was recorded before it. */
import type { Check, Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import { ANNOTATIONS } from '../../../crds/schema/conditions.ts'
import type { BackupEvidence } from '../../../crds/schema/clickhouseEvidence.ts'
import { backupHistory } from '../components/backup/history.ts'
import { brokenBackup, shortfallOf } from '../components/backup/standing.ts'
import { unseenFailure } from './unseenFailure.ts'
import { longestPauseMs, scheduleFault } from '../components/backup/schedules.ts'
import { backupWish } from '../components/backup/wish.ts'
import { lossOf, threeDigits, toldLoss } from '../components/parts/dataLoss.ts'

export const restoreVerified: Check = {
  name: 'restore-verified',

  prove(snapshot): Proof {
    const { sender, now } = snapshot
    const wish = backupWish(sender)
    if (wish?.verify === undefined)
      return { state: 'NotConfigured', message: 'spec.clickhouse.backup.verify is not set' }
    if (scheduleFault(wish.verify, wish.timeZone) !== undefined)
      return { state: 'Unknown', message: 'the schedule makes no sense' }
    const failing = unseenFailure(snapshot, this.name)
    if (failing) return failing
    const history = backupHistory(snapshot)
    const fault = faultOf(snapshot, history)
    if (fault !== undefined) return { state: 'Failing', message: fault }
    const { verified } = history
    if (!verified) return { state: 'Unknown', message: 'no backup has been restored yet' }
    const limitMs = 2 * longestPauseMs([wish.verify], wish.timeZone, now)
    const leftMs = new Date(verified.completedAt).getTime() + limitMs - now.getTime()
    const message = `${verified.name} was restored at ${verified.completedAt}: ${verified.rows} rows in ${verified.partitions} partitions equal`
    if (leftMs < 0) return { state: 'Failing', message: `${message}; nothing was since` }
    return { state: 'Proven', message, lookAgainMs: leftMs + 1_000 }
  },
}

/** What no restore in time can make good. */
function faultOf(snapshot: Snapshot, history: BackupEvidence): string | undefined {
  const loss = lossOf(snapshot)
  if (loss) return toldLoss(loss, history.kept?.name)
  const broken = brokenBackup(snapshot)
  if (broken !== undefined) return `${broken}; this ends when it passes, or is gone from the destination`
  const failure = history.failures?.find(({ job }) => job === 'verify')
  if (failure) return failure.message
  return contradiction(snapshot, history) ?? (history.verified && gone(snapshot, history))
}

/** Nothing can be restored that is not there. */
function gone({ evidence }: Snapshot, { last }: BackupEvidence): string | undefined {
  return evidence.backups?.seen.reached === true && !last
    ? 'no backup is at the destination any more'
    : undefined
}

/** The figures travel inside the backup; what was reported when it was made is remembered apart from it. */
function contradiction(
  snapshot: Snapshot,
  { verified, last, lastFull, kept }: BackupEvidence,
): string | undefined {
  // One from before it may well have fewer, and names are in order.
  if (verified && kept && kept.name <= verified.name && verified.rows < threeDigits(kept.rows)) {
    const shortfall = shortfallOf(snapshot)
    const way = shortfall
      ? `; accept it with the annotation ${ANNOTATIONS.acceptDataLoss}=${shortfall.token}`
      : ''
    return `${verified.name} was restored with ${verified.rows} rows, but ${kept.name} before it has ${kept.rows}${way}`
  }
  const made = [last, lastFull].find((backup) => backup?.name === verified?.name)
  if (!verified || !made || made.hash === verified.hash) return undefined
  return `${verified.name} was restored with ${verified.rows} rows, but it was made of ${made.rows} others`
}
