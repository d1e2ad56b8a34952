/** How the PostgreSQL server is set up, in its own words: what one wants to know before trusting it with mails. */
import type { Queryable } from './database.ts'

const NAMES = [
  'server_version_num',
  'ssl',
  'synchronous_commit',
  'fsync',
  'full_page_writes',
  'password_encryption',
  'max_connections',
  'data_checksums',
] as const

/** `unlogged_tables`, when there are any, is how many of our tables a crash empties. */
export type ServerSettings = Readonly<Partial<Record<(typeof NAMES)[number] | 'unlogged_tables', string>>>

/**
 * Without those that this user may not see. What a role or a database is given holds for connections that are opened later:
 * of `synchronous_commit` the weaker one is told.
 */
export async function serverSettings(database: Queryable): Promise<ServerSettings> {
  const rows = await database.query<{ name: string; setting: string }>(SETTINGS, [NAMES])
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}

/**
 * The last of two rows with one name counts. Of role and database the one holds that says more exactly for whom.
 * Allowances of requests may be forgotten.
 */
const SETTINGS = `
  SELECT name, setting FROM pg_settings WHERE name = ANY($1)
  UNION ALL
  SELECT 'synchronous_commit', 'off' FROM (
    SELECT substr(entry, 20) AS setting
    FROM pg_db_role_setting, unnest(setconfig) AS entry
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
      AND entry LIKE 'synchronous_commit=%'
    ORDER BY setrole = 0, setdatabase = 0 LIMIT 1
  ) AS later WHERE lower(setting) IN ('off', 'false', 'no', '0')
  UNION ALL
  SELECT 'unlogged_tables', count(*)::text FROM pg_class
  WHERE relpersistence = 'u' AND relkind IN ('r', 'p') AND relname <> 'request_allowance'
    AND relnamespace = current_schema()::regnamespace
  HAVING count(*) > 0`
