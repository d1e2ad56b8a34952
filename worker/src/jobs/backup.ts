/** One backup: what the rows are, then the backup, then a line in the list. A fresh name for every attempt. */
import { createHash } from 'node:crypto'
import type { Logger } from '../log.ts'
import type { BackupKind, BackupReport, BackupSettings } from '../../../crds/jobs/backup.ts'
import { backupName } from '../../../crds/backupName.ts'
import { totals } from '../domain/rowFigures.ts'
import { instantOf } from '../../../crds/instant.ts'
import { record, recorded, recount } from './figures.ts'
import { BaseNotFound, logBackup, makeBackup, newestBackup, openClickhouse, serverNow } from './warehouse.ts'

/**
 * An increment without a full backup to build on becomes a full one: late is better than none.
 * @throws Error with one line that says what is wrong
 */
export async function backup(
  kind: BackupKind,
  settings: BackupSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<BackupReport> {
  const { clickhouseUrl: url, clickhouseDatabase: database, collection } = settings
  const maker = openClickhouse(url, {
    username: settings.clickhouseUsername,
    password: settings.clickhousePassword,
    ca: settings.clickhouseCa,
  })
  const counter = openClickhouse(url, {
    username: settings.checksumUsername ?? settings.clickhouseUsername,
    password: settings.checksumPassword ?? settings.clickhousePassword,
    ca: settings.clickhouseCa,
  })
  const attempt = async (base: string | undefined): Promise<BackupReport> => {
    const begunAt = await serverNow(counter)
    const name = backupName(begunAt, markOf(settings.runName, begunAt), base)
    const newest = await newestBackup(counter, database)
    const last = newest === undefined ? undefined : await recorded(counter, database, newest)
    // What was settled once is settled for good: figures that are used again must not be younger than the cutoff.
    const settledAt = begunAt.getTime() - settings.settleSeconds * 1000
    const cutoff = new Date(Math.max(settledAt, last?.cutoff.getTime() ?? 0))
    const figures = await recount(counter, database, cutoff, last?.figures ?? [])
    await record(counter, database, name, { cutoff, figures })
    log.info({ backup: name, ...totals(figures) }, 'rows counted, the backup begins')
    const wish = { database, collection, name, ...(base !== undefined && { base }) }
    const sizeBytes = await makeBackup(maker, wish, signal)
    const made = base === undefined ? 'full' : 'incremental'
    await logBackup(counter, database, { backup: name, kind: made, base: base ?? '', cutoff, sizeBytes })
    return {
      job: 'backup',
      backup: name,
      kind: made,
      ...(base !== undefined && { base }),
      cutoff: instantOf(cutoff),
      completedAt: instantOf(new Date()),
      sizeBytes,
      ...totals(figures),
    }
  }
  try {
    const base = kind === 'full' ? undefined : await newestBackup(counter, database, 'full')
    if (kind === 'incremental' && base === undefined) log.warn('there is no full backup yet: making one')
    return await attempt(base).catch((error: unknown) => {
      if (!(error instanceof BaseNotFound)) throw error
      log.warn({ base }, 'the full backup is gone: making another one')
      return attempt(undefined)
    })
  } finally {
    await Promise.all([maker.close(), counter.close()])
  }
}

function markOf(runName: string, begunAt: Date): string {
  return createHash('sha256').update(`${runName} ${begunAt.getTime()}`).digest('hex').slice(0, 8)
}
