/** Restores the newest backup beside the source and compares every partition with what was recorded before it. */
import type { Logger } from '../log.ts'
import type { VerifyReport } from '../../../crds/jobReports.ts'
import type { VerifySettings } from '../../../crds/jobSettings.ts'
import { verifyDatabase } from '../../../crds/clickhouseRights.ts'
import { differences, totals } from '../domain/rowFigures.ts'
import { instant } from './instant.ts'
import { count, dataTables, recorded } from './figures.ts'
import { brokenParts, drop, newestBackup, openClickhouse, restore } from './warehouse.ts'

const MOST_DIFFERENCES = 5

/** What was restored is not what was backed up. */
export class VerificationFailed extends Error {
  override readonly name = 'VerificationFailed'
  readonly backup: string

  constructor(backup: string, message: string) {
    super(message)
    this.backup = backup
  }
}

/** @throws VerificationFailed that names the backup, and Error when there is none */
export async function verify(
  settings: VerifySettings,
  log: Logger,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const { clickhouseUrl: url, clickhouseDatabase: database, collection } = settings
  const client = openClickhouse(url, {
    username: settings.clickhouseUsername,
    password: settings.clickhousePassword,
    ca: settings.clickhouseCa,
  })
  const copy = verifyDatabase(database)
  try {
    const name = await newestBackup(client, database)
    if (name === undefined) throw new Error('there is no backup to verify yet')
    // What an earlier run left behind when it was killed.
    await drop(client, copy)
    log.info({ backup: name }, 'restoring')
    try {
      await restore(client, { database, copy, collection, name }, signal)
      const figures = await compare(client, copy, name)
      return { job: 'verify', backup: name, completedAt: instant(new Date()), ...totals(figures) }
    } catch (error) {
      if (signal.aborted || error instanceof VerificationFailed) throw error
      throw new VerificationFailed(
        name,
        error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown',
      )
    } finally {
      await drop(client, copy)
    }
  } finally {
    await client.close()
  }
}

async function compare(client: ReturnType<typeof openClickhouse>, copy: string, name: string) {
  const tables = await dataTables(client, copy)
  // Rows that came after the figures are in the backup, too: nothing but their checksums tells whether they are sound.
  for (const table of tables) complain(name, await brokenParts(client, copy, table))
  const expected = await recorded(client, copy, name)
  // Nothing is recorded of a database without a row, and nothing may be in it.
  if (!expected) {
    const found = await count(client, copy, tables, new Date(0))
    if (found.length > 0) throw new VerificationFailed(name, 'the backup has rows and no figures of them')
    return []
  }
  const found = await count(client, copy, tables, expected.cutoff)
  complain(name, differences(expected.figures, found))
  return found
}

function complain(name: string, wrong: readonly string[]): void {
  if (wrong.length === 0) return
  const more = wrong.length > MOST_DIFFERENCES ? `; and ${wrong.length - MOST_DIFFERENCES} more` : ''
  throw new VerificationFailed(name, `${wrong.slice(0, MOST_DIFFERENCES).join('; ')}${more}`)
}
