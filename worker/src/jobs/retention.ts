/** Removes old backups, chain by chain, and what never became one. Whatever is not named by us is not ours. */
import type { Logger } from '../log.ts'
import type { RetentionReport, RetentionSettings } from '../../../crds/jobs/retention.ts'
import type { StoredBackup } from '../domain/backupChains.ts'
import { parseBackupName } from '../../../crds/backupName.ts'
import { retention as planOf } from '../domain/backupChains.ts'
import { MANIFEST, openBucket } from './bucket.ts'
import { instantOf } from '../../../crds/instant.ts'

export async function retention(
  settings: RetentionSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<RetentionReport> {
  const bucket = openBucket(settings)
  try {
    const backups: StoredBackup[] = []
    for await (const folder of bucket.folders(signal)) {
      const name = parseBackupName(folder)
      if (!name) continue
      backups.push({ ...name, isComplete: await bucket.has(`${folder}/${MANIFEST}`, signal) })
    }
    const plan = planOf(backups, settings, new Date())
    for (const name of [...plan.remove, ...plan.leftovers]) {
      log.info({ backup: name }, 'removing')
      await bucket.remove(name, signal)
    }
    return {
      job: 'retention',
      completedAt: instantOf(new Date()),
      kept: plan.keep.length,
      removed: plan.remove.length,
      leftovers: plan.leftovers.length,
    }
  } finally {
    bucket.close()
  }
}
