/** Indexes that are built while everybody goes on writing; outside of transactions, and again when it failed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { Queryable } from './database.ts'

export interface ConcurrentIndex {
  readonly name: string
  readonly table: string
  /** `CREATE INDEX CONCURRENTLY IF NOT EXISTS …` */
  readonly statement: string
}

const INDEX = /^CREATE INDEX CONCURRENTLY IF NOT EXISTS (\w+) ON (\w+)/
const AGAIN_MS = 500
/**
 * What ends a build that another, or a deadlock with it, comes in the way of (appendix A): lock_not_available,
 * deadlock_detected, duplicate_table, undefined_object, unique_violation in the catalogue.
 */
const IN_THE_WAY: readonly (string | undefined)[] = ['55P03', '40P01', '42P07', '42704', '23505']

/** @throws Error for any other statement: it would not be there to be repeated. */
export function parseIndexes(sql: string): readonly ConcurrentIndex[] {
  const statements = sql.replace(/^--.*$/gm, '').split(';')
  return statements.flatMap((text) => {
    const statement = text.trim()
    if (statement === '') return []
    const [, name, table] = INDEX.exec(statement) ?? []
    if (name === undefined || table === undefined) throw new Error(`not a concurrent index: ${statement}`)
    return [{ name, table, statement }]
  })
}

/**
 * A build that was broken off leaves an index that is not valid, which `IF NOT EXISTS` would take for one. While one is
 * being built, by whomever, it is waited for: outside of a transaction, since the builder waits for those.
 */
export async function ensureIndex(database: Queryable, index: ConcurrentIndex): Promise<void> {
  for (;;) {
    const [found] = await database.query<{ is_valid: boolean }>(
      'SELECT indisvalid AS is_valid FROM pg_index WHERE indexrelid = to_regclass($1)',
      [index.name],
    )
    if (found?.is_valid === true) return
    if (!(await isBeingBuilt(database, index))) await build(database, index, found !== undefined)
    else await sleep(AGAIN_MS)
  }
}

async function isBeingBuilt(database: Queryable, { table }: ConcurrentIndex): Promise<boolean> {
  const builds = await database.query(
    'SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND relid = to_regclass($1)',
    [table],
  )
  return builds.length > 0
}

async function build(
  database: Queryable,
  { name, statement }: ConcurrentIndex,
  isBroken: boolean,
): Promise<void> {
  try {
    if (isBroken) await database.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
    await database.query(statement)
  } catch (error) {
    if (!(error instanceof DatabaseError) || !IN_THE_WAY.includes(error.code)) throw error
    await sleep(AGAIN_MS)
  }
}
