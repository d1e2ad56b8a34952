/** Proves that a backup can be restored: by one that was, with every partition equal to what was recorded before it. */
import type { Check, Proof } from './check.ts'
import type { BackupEvidence } from '../../../crds/schema/status.ts'
import { backupHistory } from '../components/backup/history.ts'
import { longestPauseMs, scheduleFault } from '../components/backup/schedules.ts'
import { backupWish } from '../components/backup/wish.ts'

export const restoreVerified: Check = {
  name: 'restore-verified',

  prove(snapshot): Proof {
    const { sender, now } = snapshot
    const wish = backupWish(sender)
    if (wish?.verify === undefined)
      return { state: 'NotConfigured', message: 'spec.clickhouse.backup.verify is not set' }
    if (scheduleFault(wish.verify, wish.timeZone) !== undefined)
      return { state: 'Unknown', message: 'the schedule makes no sense' }
    const history = backupHistory(snapshot)
    const failure = history.failures?.find(({ job }) => job === 'verify')
    if (failure) return { state: 'Failing', message: failure.message }
    const { verified } = history
    if (!verified) return { state: 'Unknown', message: 'no backup has been restored yet' }
    const other = contradiction(history)
    if (other !== undefined) return { state: 'Failing', message: other }
    const limitMs = 2 * longestPauseMs([wish.verify], wish.timeZone, now)
    const leftMs = new Date(verified.completedAt).getTime() + limitMs - now.getTime()
    const message = `${verified.name} was restored at ${verified.completedAt}: ${verified.rows} rows in ${verified.partitions} partitions equal`
    if (leftMs < 0) return { state: 'Failing', message: `${message}; nothing was since` }
    return { state: 'Proven', message, lookAgainMs: leftMs + 1_000 }
  },
}

/** The figures travel inside the backup; what was reported when it was made is remembered apart from it. */
function contradiction({ verified, last, lastFull }: BackupEvidence): string | undefined {
  const made = [last, lastFull].find((backup) => backup?.name === verified?.name)
  if (!verified || !made || made.hash === verified.hash) return undefined
  return `${verified.name} was restored with ${verified.rows} rows, but it was made of ${made.rows} others`
}
