/** Which workers have looked since the server was started, and which are still waited for. */
import type { Queryable } from './database.ts'

/** Another one after every start, failover and restore: no two processes begin in the same microsecond. */
export const SERVER = `(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text`

export async function serverOf(database: Queryable): Promise<string> {
  const [row] = await database.query<{ server: string }>(`SELECT ${SERVER} AS server`)
  return row?.server ?? ''
}

/** A server may have been away for so long, and who was there before is waited for when it is back. */
const REMEMBERED = `interval '1 hour'`

/**
 * We have looked, so far as this server goes. Those whom we remember may be missing in what was restored, and are waited
 * for all the same.
 * @param forMs how long we count as being there
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
     WHERE held.worker = $1 OR held.server <> ${SERVER}`,
    [worker, others, forMs],
  )
}

export interface Witness {
  readonly worker: string
  readonly hasLooked: boolean
  /** Heard of lately. */
  readonly isThere: boolean
}

export async function otherWitnesses(database: Queryable, worker: string): Promise<readonly Witness[]> {
  return database.query<Witness & Record<string, unknown>>(
    `SELECT worker, server = ${SERVER} AS "hasLooked", until > clock_timestamp() AS "isThere" FROM witness
     WHERE worker <> $1 AND until > clock_timestamp() - ${REMEMBERED} ORDER BY worker`,
    [worker],
  )
}

/** Nobody waits for them any more. @returns those who had not looked after all: whatever they knew is lost. */
export async function giveUp(database: Queryable, workers: readonly string[]): Promise<readonly string[]> {
  const rows = await database.query<{ worker: string }>(
    `DELETE FROM witness WHERE worker = ANY($1) AND server <> ${SERVER} RETURNING worker`,
    [workers],
  )
  return rows.map(({ worker }) => worker).sort()
}

/** With us go those that nobody has heard of for long. */
export async function retire(database: Queryable, worker: string): Promise<void> {
  await database.query(`DELETE FROM witness WHERE worker = $1 OR until < clock_timestamp() - ${REMEMBERED}`, [
    worker,
  ])
}
