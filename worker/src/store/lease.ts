/** Leases on jobs that one worker at a time does: rows, since a pooler keeps no session locks. */
import type { Queryable } from './database.ts'

/** @returns whether the job is ours for `seconds`; asking again while it is prolongs it. */
export async function takeLease(
  database: Queryable,
  name: string,
  holder: string,
  seconds: number,
): Promise<boolean> {
  const rows = await database.query(
    `INSERT INTO lease AS held (name, holder, until) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
     ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
     WHERE held.holder = EXCLUDED.holder OR held.until < clock_timestamp() RETURNING name`,
    [name, holder, seconds],
  )
  return rows.length > 0
}

export async function releaseLease(database: Queryable, name: string, holder: string): Promise<void> {
  await database.query('DELETE FROM lease WHERE name = $1 AND holder = $2', [name, holder])
}
