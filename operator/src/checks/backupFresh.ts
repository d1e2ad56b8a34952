/** Proves that the newest backup is young enough, and that the schedules can keep it so. */
import type { Check, Proof } from './check.ts'
import type { BackupWish } from '../components/backup/wish.ts'
import { backupHistory } from '../components/backup/history.ts'
import { longestPauseMs, scheduleFault } from '../components/backup/schedules.ts'
import { backupWish } from '../components/backup/wish.ts'

const MOST_GRACE_MS = 300_000
const MINUTE_MS = 60_000

export const backupFresh: Check = {
  name: 'backup-fresh',

  prove(snapshot): Proof {
    const { sender, now } = snapshot
    const wish = backupWish(sender)
    if (!wish) return { state: 'NotConfigured', message: 'spec.clickhouse.backup is not set' }
    const unmeetable = tooRare(wish, now)
    if (unmeetable !== undefined) return { state: 'Failing', message: unmeetable }
    const { last } = backupHistory(snapshot)
    if (!last) return { state: 'Unknown', message: 'no backup has been made yet' }
    const graceMs = Math.min(MOST_GRACE_MS, wish.rpoMs / 3)
    const limitMs = wish.rpoMs + graceMs
    const leftMs = new Date(last.cutoff).getTime() + limitMs - now.getTime()
    const message = `backup of ${last.cutoff}, limit ${wish.rpo} and ${Math.round(graceMs / 1_000)} s to make the next one`
    if (leftMs < 0) return { state: 'Failing', message }
    return { state: 'Proven', message, lookAgainMs: leftMs + 1_000 }
  },
}

/** However well every backup goes, what is written between two of them can be lost. */
function tooRare({ full, incremental, timeZone, rpoMs, rpo }: BackupWish, now: Date): string | undefined {
  const schedules = incremental === undefined ? [full] : [full, incremental]
  if (schedules.some((schedule) => scheduleFault(schedule, timeZone) !== undefined)) return undefined
  const pauseMs = longestPauseMs(schedules, timeZone, now)
  if (pauseMs <= rpoMs) return undefined
  return `the schedules leave up to ${Math.round(pauseMs / MINUTE_MS)} minutes between backups, spec.objectives.rpo is ${rpo}: make spec.clickhouse.backup.incrementalSchedule more frequent`
}
