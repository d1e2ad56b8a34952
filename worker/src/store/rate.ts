/** The provider's rate as one row: a bucket that refills by the database's clock and that all workers take from. */
import type { Lease, TokenBucket } from '../sending/sharedRate.ts'
import type { Queryable } from './database.ts'

/** After the provider said that it was too much: half at once, and all of it again after about a minute. */
const SLOWED = 0.5
const SLOWEST = 0.05
const RECOVERED_PER_SECOND = 0.02
/** Refusals of one second are one. */
const SLOWED_AT_MOST_EVERY = '1 second'
/** Nobody is closed out for longer by one answer. */
const LONGEST_CLOSED_MS = 600_000

const SHARE = `LEAST(1, share + ${RECOVERED_PER_SECOND} * GREATEST(0, extract(epoch FROM now() - share_at)::float8))`

interface LeaseRow {
  readonly granted: number
  readonly per_second: number | null
  readonly closed_ms: number
}

/**
 * It holds a fifth of a second's tokens at most, so that a pause is not followed by a burst.
 * @param ceiling of the settings; what the provider says can only lower it. Without either there is no limit, only
 * the times that the provider wants nothing.
 */
export function tokenBucket(database: Queryable, account: string, ceiling: number | undefined): TokenBucket {
  const create = () =>
    database.query(
      `INSERT INTO rate (account, tokens, updated_at) VALUES ($1, 0, clock_timestamp()) ON CONFLICT DO NOTHING`,
      [account],
    )
  return {
    lease: async (limit) => {
      const [row] = await database.query<LeaseRow & Record<string, unknown>>(LEASE, [
        account,
        ceiling,
        RECOVERED_PER_SECOND,
        limit,
      ])
      if (row === undefined) await create()
      return {
        granted: row?.granted ?? 0,
        perSecond: row?.per_second ?? undefined,
        closedMs: row?.closed_ms ?? 0,
      }
    },
    learn: async (perSecond) => {
      await create()
      await database.query(
        'UPDATE rate SET per_second = $2 WHERE account = $1 AND per_second IS DISTINCT FROM $2',
        [account, perSecond],
      )
    },
    slow: async (closedMs) => {
      await create()
      await database.query(
        `UPDATE rate SET closed_until = GREATEST(closed_until, now() + $2::float8 * interval '1 millisecond'),
           share = CASE WHEN share_at > now() - $5::interval AND share < 1 THEN share
             ELSE GREATEST($4::float8, $3::float8 * ${SHARE}) END,
           share_at = CASE WHEN share_at > now() - $5::interval AND share < 1 THEN share_at ELSE now() END
         WHERE account = $1`,
        [account, Math.min(LONGEST_CLOSED_MS, closedMs), SLOWED, SLOWEST, SLOWED_AT_MOST_EVERY],
      )
    },
  }
}

/** Looks without taking anything. @returns undefined when nobody has asked for a token yet */
export async function paceOf(
  database: Queryable,
  account: string,
  ceiling: number | undefined,
): Promise<Omit<Lease, 'granted'> | undefined> {
  const [row] = await database.query<{ per_second: number | null; closed_ms: number }>(
    `SELECT LEAST($2::float8, per_second) * ${SHARE} AS per_second,
       COALESCE(GREATEST(0, extract(epoch FROM closed_until - now())::float8 * 1000), 0) AS closed_ms
     FROM rate WHERE account = $1`,
    [account, ceiling],
  )
  return row && { perSecond: row.per_second ?? undefined, closedMs: row.closed_ms }
}

/** LEAST leaves out what is NULL: the ceiling, the provider's own limit, or both. */
const LEASE = `
  WITH locked AS (SELECT * FROM rate WHERE account = $1 FOR UPDATE),
  clock AS MATERIALIZED (SELECT locked.*, clock_timestamp() AS at FROM locked),
  pace AS MATERIALIZED (
    SELECT clock.*, LEAST($2::float8, per_second)
      * LEAST(1, share + $3::float8 * GREATEST(0, extract(epoch FROM at - share_at)::float8)) AS pace FROM clock),
  filled AS MATERIALIZED (
    SELECT at, pace, GREATEST(0, extract(epoch FROM closed_until - at)::float8 * 1000) AS closed_ms,
      LEAST(GREATEST(1, pace / 5), tokens + pace * GREATEST(0, extract(epoch FROM at - updated_at)::float8))
        AS tokens FROM pace),
  grant_of AS MATERIALIZED (
    SELECT filled.*, CASE WHEN closed_ms > 0 THEN 0 WHEN pace IS NULL THEN $4::float8
      ELSE LEAST($4::float8, floor(tokens)) END AS granted FROM filled)
  UPDATE rate SET updated_at = grant_of.at,
    tokens = CASE WHEN pace IS NULL THEN 0 ELSE grant_of.tokens - granted END
  FROM grant_of WHERE account = $1 RETURNING granted, pace AS per_second, closed_ms`
