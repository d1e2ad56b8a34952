/** Restores backups beside the source and compares every partition with what was recorded before them. */
import type { Logger } from '../log.ts'
import type { VerifyReport, VerifySettings } from '../../../crds/jobs/verify.ts'
import { verifyDatabase } from '../../../crds/clickhouseRights.ts'
import { chainOf } from '../../../crds/backupName.ts'
import { blamesBackup } from '../domain/blame.ts'
import { mayBeNext, nextInTurn } from '../domain/rotation.ts'
import { differences, totals, type Totals } from '../domain/rowFigures.ts'
import { instantOf } from '../../../crds/instant.ts'
import { count, dataTables, recorded } from './figures.ts'
import {
  brokenParts,
  checksOf,
  drop,
  listedBackups,
  newestBackup,
  noteCheck,
  openClickhouse,
  restore,
  storedAmong,
} from './warehouse.ts'
import { firstLine } from '../../../crds/firstLine.ts'

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

/**
 * The newest, and one of the older ones: in time every chain that is kept has its turn. What came of each is noted in
 * ClickHouse, where the operator looks for it.
 * @throws VerificationFailed that names the newest, and Error when there is none
 */
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
  try {
    const name = await newestBackup(client, database)
    if (name === undefined) throw new Error('there is no backup to verify yet')
    const found = await verifyOne(client, settings, name, log, signal)
    const older = await olderInTurn(client, { database, collection }, name)
    // Of an older one the check tells, and the newest is what this report is about.
    if (older !== undefined)
      await verifyOne(client, settings, older, log, signal).catch((error: unknown) => {
        if (!(error instanceof VerificationFailed)) throw error
        log.warn({ backup: older, err: error }, 'an older backup cannot be restored')
      })
    return { job: 'verify', backup: name, completedAt: instantOf(new Date()), ...found }
  } finally {
    await client.close()
  }
}

/** Chains of retention are hundreds at most; each costs one request to the destination. */
const MOST_CHAINS = 256

async function olderInTurn(
  client: Client,
  { database, collection }: { database: string; collection: string },
  newest: string,
): Promise<string | undefined> {
  const listed = await listedBackups(client, database)
  const bases = [...new Set(listed.map(chainOf))].slice(0, MOST_CHAINS)
  const there = new Set(await storedAmong(client, collection, bases))
  const checks = (await checksOf(client, database)).map(({ checkedMs, failed, ...check }) => ({
    ...check,
    checkedMs: Number(checkedMs),
    failed: Boolean(failed),
  }))
  const asked = mayBeNext(listed, there, checks).slice(0, 2 * MOST_CHAINS)
  const stored = new Set([...there, ...(await storedAmong(client, collection, asked))])
  return nextInTurn([newest, ...listed.filter((name) => name !== newest && stored.has(name))], checks)
}

/** Restores one beside the source, and notes what came of it. */
async function verifyOne(
  client: Client,
  { clickhouseDatabase: database, collection }: VerifySettings,
  name: string,
  log: Logger,
  signal: AbortSignal,
): Promise<Totals> {
  const copy = verifyDatabase(database)
  // What an earlier run left behind when it was killed.
  await drop(client, copy)
  log.info({ backup: name }, 'restoring')
  try {
    await restore(client, { database, copy, collection, name }, signal)
    const found = totals(await compare(client, copy, name))
    await noteCheck(client, database, { backup: name, ...found, error: '' })
    return found
  } catch (error) {
    if (signal.aborted) throw error
    const failed = error instanceof VerificationFailed ? error : new VerificationFailed(name, lineOf(error))
    if (blamesBackup(failed.message))
      await noteCheck(client, database, { backup: name, ...NOTHING, error: failed.message })
    throw failed
  } finally {
    await drop(client, copy)
  }
}

type Client = ReturnType<typeof openClickhouse>

const NOTHING: Totals = { rows: 0, partitions: 0, hash: '' }

const lineOf = (error: unknown): string => (error instanceof Error ? firstLine(error.message) : 'unknown')

async function compare(client: Client, copy: string, name: string) {
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
