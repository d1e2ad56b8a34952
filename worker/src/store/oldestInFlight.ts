/** How long batches have been on their way. */
import type { Queryable } from './database.ts'

/** @returns the age in seconds of the oldest batch that is accepted or running, since its last retry or its start if there was one; else 0. One that is filled while it is sent has no age yet. */
export async function oldestInFlightSeconds(database: Queryable): Promise<number> {
  const [oldest] = await database.query<{ seconds: number }>(
    `SELECT COALESCE(extract(epoch FROM now() - min(COALESCE(retried_at, started_at, created_at))), 0)::float8 AS seconds
     FROM batch WHERE state IN ('accepted', 'running') AND NOT filling`,
  )
  return oldest?.seconds ?? 0
}
