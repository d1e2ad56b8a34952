/** The schema's versions: what they are, which one a database has, and the way up and down. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { Database, Queryable } from './database.ts'
import { ensureIndex, parseIndexes } from './concurrentIndexes.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly up: string
  readonly down: string
  /** Indexes on tables that may be large by then, built after `up` and outside of its transaction. */
  readonly indexes?: string
}

/** Where a database stands in the eyes of this program. */
export type SchemaState =
  | { readonly state: 'current' | 'compatible'; readonly version: number }
  | { readonly state: 'older' | 'newer'; readonly version: number }

const FOLDER = join(import.meta.dirname, 'migrations')
/** Any number that nobody else locks in this database. */
const LOCK = 7_205_759_403
const COMPATIBLE = /^-- compatible from (\d+)$/m

/**
 * A table that others use is locked for no longer than a lock is waited for: while it is, they wait behind us. Three
 * tables of one version are still less than 2 s.
 */
const LOCK_MS = 500
const AGAIN_MS = 700

/** All versions this program knows, in order: `NNNN_name.up.sql` with its `.down.sql`, and `.indexes.sql` where it has any. */
export async function knownMigrations(): Promise<readonly Migration[]> {
  const files = new Set(await readdir(FOLDER))
  const text = (file: string) => readFile(join(FOLDER, file), 'utf8')
  const ups = [...files].filter((file) => file.endsWith('.up.sql')).sort()
  return Promise.all(
    ups.map(async (file) => {
      const stem = file.slice(0, -'.up.sql'.length)
      const indexes = `${stem}.indexes.sql`
      return {
        version: Number.parseInt(file, 10),
        name: stem.slice(5),
        up: await text(file),
        down: await text(`${stem}.down.sql`),
        ...(files.has(indexes) && { indexes: await text(indexes) }),
      }
    }),
  )
}

/**
 * A newer schema is fine for a program that its migration says can live with it (`-- compatible from N`), so that an
 * older worker still runs while a newer one rolls out, or after it was rolled back.
 */
export async function schemaState(database: Queryable, known: number): Promise<SchemaState> {
  const [present] = await database.query<{ found: boolean }>(
    `SELECT to_regclass('schema_version') IS NOT NULL AS found`,
  )
  if (present?.found !== true) return { state: 'older', version: 0 }
  const [row] = await database.query<{ version: number; compatible_from: number }>(
    'SELECT version, compatible_from FROM schema_version ORDER BY version DESC LIMIT 1',
  )
  const version = row?.version ?? 0
  if (version === known) return { state: 'current', version }
  if (version < known) return { state: 'older', version }
  return { state: row !== undefined && row.compatible_from <= known ? 'compatible' : 'newer', version }
}

/**
 * Takes the steps up to, or down to, `target`: each in a transaction of its own, one at a time across all processes, and
 * again from its beginning when a lock is not to be had at once. Going up leaves versions alone that this program does
 * not know, and sees to it that the indexes of every version are there.
 * @param onWait told before it is tried again, with what was in the way
 * @returns the steps taken, such as `up 0001 initial`.
 * @throws Error when going down meets a version that this program does not know how to undo.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  way: 'up' | 'down',
  target: number,
  onWait: (error: unknown) => void = () => undefined,
): Promise<readonly string[]> {
  const next = way === 'up' ? up : down
  const steps: string[] = []
  for (;;) {
    const step = await turn(
      database,
      async (transaction) => next(transaction, migrations, await applied(transaction), target),
      onWait,
    )
    if (step === undefined) break
    steps.push(step)
  }
  if (way === 'up')
    for (const { version, indexes = '' } of migrations)
      if (version <= target) for (const index of parseIndexes(indexes)) await ensureIndex(database, index)
  return steps
}

/**
 * One transaction under the lock of migrations. Who does not get that waits outside of a transaction: whoever builds an
 * index waits for every transaction there is.
 */
async function turn<Value>(
  database: Database,
  work: (transaction: Queryable) => Promise<Value>,
  onWait: (error: unknown) => void,
): Promise<Value> {
  for (;;) {
    try {
      const outcome = await database.transaction(async (transaction) => {
        await transaction.query(`SET LOCAL lock_timeout = ${LOCK_MS}`)
        const [lock] = await transaction.query<{ is_ours: boolean }>(
          'SELECT pg_try_advisory_xact_lock($1) AS is_ours',
          [LOCK],
        )
        return lock?.is_ours === true ? { value: await work(transaction) } : undefined
      })
      if (outcome !== undefined) return outcome.value
    } catch (error) {
      if (!isInTheWay(error)) throw error
      onWait(error)
    }
    await sleep(AGAIN_MS * (0.5 + Math.random()))
  }
}

/** lock_not_available and deadlock_detected. */
const isInTheWay = (error: unknown): boolean =>
  error instanceof DatabaseError && (error.code === '55P03' || error.code === '40P01')

async function applied(transaction: Queryable): Promise<ReadonlySet<number>> {
  await transaction.query(`CREATE TABLE IF NOT EXISTS schema_version (
    version integer PRIMARY KEY, name text NOT NULL, compatible_from integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now())`)
  const rows = await transaction.query<{ version: number }>('SELECT version FROM schema_version')
  return new Set(rows.map(({ version }) => version))
}

async function up(
  transaction: Queryable,
  migrations: readonly Migration[],
  applied: ReadonlySet<number>,
  target: number,
): Promise<string | undefined> {
  const migration = migrations.find(({ version }) => version <= target && !applied.has(version))
  if (migration === undefined) return undefined
  const { version, name, up: sql } = migration
  await transaction.query(sql)
  await transaction.query('INSERT INTO schema_version (version, name, compatible_from) VALUES ($1, $2, $3)', [
    version,
    name,
    Number(COMPATIBLE.exec(sql)?.[1] ?? version),
  ])
  return label('up', migration)
}

async function down(
  transaction: Queryable,
  migrations: readonly Migration[],
  applied: ReadonlySet<number>,
  target: number,
): Promise<string | undefined> {
  const version = Math.max(...applied)
  if (version <= target) return undefined
  const migration = migrations.find((each) => each.version === version)
  if (migration === undefined) throw new Error(`version ${version} of the schema is unknown here and stays`)
  await transaction.query(migration.down)
  await transaction.query('DELETE FROM schema_version WHERE version = $1', [version])
  return label('down', migration)
}

const label = (way: string, { version, name }: Migration): string =>
  `${way} ${String(version).padStart(4, '0')} ${name}`
