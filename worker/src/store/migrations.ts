/** The schema's versions: what they are, which one a database has, and the way up and down. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database, Queryable } from './database.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly up: string
  readonly down: string
}

/** Where a database stands in the eyes of this program. */
export type SchemaState =
  | { readonly state: 'current' | 'compatible'; readonly version: number }
  | { readonly state: 'older' | 'newer'; readonly version: number }

const FOLDER = join(import.meta.dirname, 'migrations')
/** Any number that nobody else locks in this database. */
const LOCK = 7_205_759_403
const COMPATIBLE = /^-- compatible from (\d+)$/m

/** All versions this program knows, in order: `NNNN_name.up.sql` with its `.down.sql`. */
export async function knownMigrations(): Promise<readonly Migration[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.up.sql')).sort()
  return Promise.all(
    files.map(async (file) => ({
      version: Number.parseInt(file, 10),
      name: file.slice(5, -'.up.sql'.length),
      up: await readFile(join(FOLDER, file), 'utf8'),
      down: await readFile(join(FOLDER, file.replace(/up\.sql$/, 'down.sql')), 'utf8'),
    })),
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
 * Takes the steps up to, or down to, `target`: one transaction, one migration at a time across all processes.
 * Going up leaves versions alone that this program does not know.
 * @returns the steps taken, such as `up 0001 initial`.
 * @throws Error when going down meets a version that this program does not know how to undo.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  way: 'up' | 'down',
  target: number,
): Promise<readonly string[]> {
  return database.transaction(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await transaction.query(`CREATE TABLE IF NOT EXISTS schema_version (
      version integer PRIMARY KEY, name text NOT NULL, compatible_from integer NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now())`)
    const rows = await transaction.query<{ version: number }>('SELECT version FROM schema_version')
    const applied = new Set(rows.map(({ version }) => version))
    return way === 'up'
      ? up(transaction, migrations, applied, target)
      : down(transaction, migrations, applied, target)
  })
}

async function up(
  transaction: Queryable,
  migrations: readonly Migration[],
  applied: ReadonlySet<number>,
  target: number,
): Promise<readonly string[]> {
  const steps = migrations.filter(({ version }) => version <= target && !applied.has(version))
  for (const { version, name, up: sql } of steps) {
    const compatibleFrom = Number(COMPATIBLE.exec(sql)?.[1] ?? version)
    await transaction.query(sql)
    await transaction.query(
      'INSERT INTO schema_version (version, name, compatible_from) VALUES ($1, $2, $3)',
      [version, name, compatibleFrom],
    )
  }
  return steps.map((step) => label('up', step))
}

async function down(
  transaction: Queryable,
  migrations: readonly Migration[],
  applied: ReadonlySet<number>,
  target: number,
): Promise<readonly string[]> {
  const steps: string[] = []
  for (const version of [...applied].filter((each) => each > target).sort((a, b) => b - a)) {
    const migration = migrations.find((each) => each.version === version)
    if (migration === undefined) throw new Error(`version ${version} of the schema is unknown here and stays`)
    await transaction.query(migration.down)
    await transaction.query('DELETE FROM schema_version WHERE version = $1', [version])
    steps.push(label('down', migration))
  }
  return steps
}

const label = (way: string, { version, name }: Migration): string =>
  `${way} ${String(version).padStart(4, '0')} ${name}`
