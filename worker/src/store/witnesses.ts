/** Which workers have looked since the server was started, and which are still waited for. */
import type { Queryable } from './database.ts'

/** Another one after every start, failover and restore: no two processes begin in the same microsecond. */
export const SERVER = `(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text`

export async function serverOf(database: Queryable): Promise<string> {
  const [row] = await database.query<{ server: string }>(`SELECT ${SERVER} AS server`)
  return row?.server ?? ''
}

/**
 * We have looked, so far as this server goes. Those whom we remember may be missing in what was restored: they are
 * waited for as if they had just been heard of.
 */
export async function testify(
  database: Queryable,
  worker: string,
  others: readonly string[],
  forMs: number,
): Promise<void> {
  await database.query(
    `INSERT INTO witness AS held (worker, server, until)
     SELECT worker, CASE worker WHEN $1 THEN ${SERVER} ELSE '' END,
       clock_timestamp() + $3::float8 * interval '1 millisecond'
     FROM unnest($1::text || $2::text[]) AS worker ORDER BY worker
     ON CONFLICT (worker) DO UPDATE SET server = EXCLUDED.server, until = EXCLUDED.until
     WHERE held.worker = $1 OR held.server <> ${SERVER} AND held.until < clock_timestamp()`,
    [worker, others, forMs],
  )
}

/** The others that are there, and whether each has looked. */
export async function otherWitnesses(
  database: Queryable,
  worker: string,
): Promise<readonly { readonly worker: string; readonly hasLooked: boolean }[]> {
  return database.query<{ worker: string; hasLooked: boolean }>(
    `SELECT worker, server = ${SERVER} AS "hasLooked" FROM witness
     WHERE worker <> $1 AND until > clock_timestamp() ORDER BY worker`,
    [worker],
  )
}

/** Those of them that are not heard of any more, and did not retire: whatever they knew is lost. */
export async function missing(database: Queryable, workers: readonly string[]): Promise<readonly string[]> {
  const rows = await database.query<{ worker: string }>(
    `SELECT worker FROM witness WHERE worker = ANY($1) AND server <> ${SERVER} ORDER BY worker`,
    [workers],
  )
  return rows.map(({ worker }) => worker)
}

/** With us go those that nobody has heard of for long. */
export async function retire(database: Queryable, worker: string): Promise<void> {
  await database.query(
    `DELETE FROM witness WHERE worker = $1 OR until < clock_timestamp() - interval '1 day'`,
    [worker],
  )
}
