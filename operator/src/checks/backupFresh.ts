/** Proves that the newest backup is where it should be and young enough, and that the schedules can keep it so. */
import type { Check, Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { BackupWish } from '../components/backup/wish.ts'
import { backupHistory } from '../components/backup/history.ts'
import { repairJobName } from '../components/backup/onDemand.ts'
import { damageOf, type Damage } from '../components/backup/standing.ts'
import { unseenFailure } from './unseenFailure.ts'
import { longestPauseMs, scheduleFault } from '../components/backup/schedules.ts'
import { backupWish, freshnessMs, graceMs } from '../components/backup/wish.ts'
import { lossOf, toldLoss } from '../components/parts/dataLoss.ts'

const MINUTE_MS = 60_000

export const backupFresh: Check = {
  name: 'backup-fresh',

  prove(snapshot): Proof {
    const { sender, now } = snapshot
    const wish = backupWish(sender)
    if (!wish) return { state: 'NotConfigured', message: 'spec.clickhouse.backup is not set' }
    const history = backupHistory(snapshot)
    // What is lost or damaged comes before what may be one day.
    const wrong = faultOf(snapshot, history.kept?.name) ?? tooRare(wish, now)
    if (wrong !== undefined) return { state: 'Failing', message: wrong }
    const failing = unseenFailure(snapshot, this.name)
    if (failing) return failing
    const { last } = history
    if (!last) return noneYet(snapshot)
    const limitMs = freshnessMs(wish)
    const leftMs = new Date(last.cutoff).getTime() + limitMs - now.getTime()
    const message = `backup of ${last.cutoff}, limit ${wish.rpo} and ${Math.round(graceMs(wish) / 1_000)} s to make the next one`
    if (leftMs < 0) return { state: 'Failing', message }
    return { state: 'Proven', message, lookAgainMs: leftMs + 1_000 }
  },
}

/** What no time mends. */
function faultOf(snapshot: Snapshot, kept: string | undefined): string | undefined {
  const loss = lossOf(snapshot)
  if (loss) return toldLoss(loss, kept)
  const damage = damageOf(snapshot)
  return damage && `${damage.message}: ${repairOf(snapshot, damage)}`
}

/** It is made once for each damage: what made it fail is told beside. */
function repairOf(snapshot: Snapshot, damage: Damage): string {
  const name = repairJobName(snapshot.sender, damage)
  const hasFailed = snapshot.runs.some((run) => run.name === name && run.state === 'failed')
  return hasFailed
    ? `the full backup that was to take its place failed (Job ${name}), the next one comes with the schedule or on request`
    : 'another full backup is made'
}

function noneYet(snapshot: Snapshot): Proof {
  const seen = snapshot.evidence.backups?.seen
  if (seen?.reached === false)
    return { state: 'Unknown', message: `backups cannot be looked at: ${seen.fault.message}` }
  if (snapshot.sender.status.evidence?.backup?.last)
    return { state: 'Failing', message: 'no backup is at the destination any more' }
  return { state: 'Unknown', message: 'no backup has been made yet' }
}

/** However well every backup goes, what is written between two of them can be lost. */
function tooRare({ full, incremental, timeZone, rpoMs, rpo }: BackupWish, now: Date): string | undefined {
  const schedules = incremental === undefined ? [full] : [full, incremental]
  if (schedules.some((schedule) => scheduleFault(schedule, timeZone) !== undefined)) return undefined
  const pauseMs = longestPauseMs(schedules, timeZone, now)
  if (pauseMs <= rpoMs) return undefined
  return `the schedules leave up to ${Math.round(pauseMs / MINUTE_MS)} minutes between backups, spec.objectives.rpo is ${rpo}: make spec.clickhouse.backup.incrementalSchedule more frequent`
}
