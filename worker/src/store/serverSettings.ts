/** How the PostgreSQL server is set up, in its own words: what one wants to know before trusting it with mails. */
import type { Queryable } from './database.ts'

const NAMES = [
  'server_version_num',
  'ssl',
  'synchronous_commit',
  'fsync',
  'password_encryption',
  'max_connections',
  'data_checksums',
] as const

export type ServerSettings = Readonly<Partial<Record<(typeof NAMES)[number], string>>>

/** Without those that this user may not see. */
export async function serverSettings(database: Queryable): Promise<ServerSettings> {
  const rows = await database.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1) ORDER BY name',
    [NAMES],
  )
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}
