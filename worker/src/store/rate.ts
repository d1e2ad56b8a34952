/** The provider's rate as one row: a bucket that refills by the database's clock and that all workers take from. */
import type { Queryable } from './database.ts'
import type { TokenBucket } from '../sending/sharedRate.ts'

/** It holds a fifth of a second's tokens at most, so that a pause is not followed by a burst. */
export function tokenBucket(database: Queryable, account: string, perSecond: number): TokenBucket {
  const capacity = Math.max(1, perSecond / 5)
  return {
    lease: async (limit) => {
      const [row] = await database.query<{ granted: number }>(
        `WITH locked AS (SELECT tokens, updated_at FROM rate WHERE account = $1 FOR UPDATE),
         clock AS MATERIALIZED (SELECT locked.*, clock_timestamp() AS at FROM locked),
         filled AS MATERIALIZED (
           SELECT at, LEAST($3::float8,
             tokens + $2::float8 * GREATEST(0, extract(epoch FROM at - updated_at)::float8)) AS tokens FROM clock)
         UPDATE rate SET tokens = filled.tokens - LEAST($4::float8, floor(filled.tokens)), updated_at = filled.at
         FROM filled WHERE account = $1 RETURNING LEAST($4::float8, floor(filled.tokens)) AS granted`,
        [account, perSecond, capacity, limit],
      )
      if (row !== undefined) return row.granted
      await database.query(
        `INSERT INTO rate (account, tokens, updated_at) VALUES ($1, 0, clock_timestamp()) ON CONFLICT DO NOTHING`,
        [account],
      )
      return 0
    },
  }
}
