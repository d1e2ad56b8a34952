/** Batches that do not get on although something of them is due: since when, as far as anybody looks. */
import type { Queryable } from './database.ts'

/** The oldest that are under way: more would take longer to look through than there is between two looks. */
const LOOKED_AT = 200
/** What is due later waits by design, such as for a server that asked for patience. */
const SOON = `interval '2 minutes'`
/**
 * Longer than whoever looks takes to follow one that died: its lease, and two looks. After more than that nobody was there to
 * send either, and it is counted anew.
 */
const NOBODY_LOOKED = `interval '5 minutes'`
/** A look that finds nothing new is written down no more often. */
const NOTED_EVERY = `interval '30 seconds'`

/**
 * Compares how much is left of each with what was left at the last look. What waits in the queue or is due counts, a
 * dead letter or a deferred mail does not. One that was tried and has to be tried again has not got on.
 */
export async function noteStandstill(database: Queryable): Promise<void> {
  await database.query(
    `WITH oldest AS MATERIALIZED (
       SELECT id FROM batch WHERE state IN ('accepted', 'running') AND NOT filling AND tallied
       ORDER BY created_at LIMIT ${LOOKED_AT}),
     due AS MATERIALIZED (
       SELECT id FROM oldest WHERE EXISTS (
         SELECT FROM chunk WHERE chunk.batch_id = oldest.id AND NOT done AND dead_at IS NULL
           AND (published_at IS NOT NULL OR due_at < now() + ${SOON}))),
     present AS MATERIALIZED (
       SELECT id, COALESCE((SELECT sum(change) FROM recipient_tally WHERE batch_id = due.id
         AND state IN ('pending', 'deferred', 'sending')), 0) AS remaining FROM due),
     gone AS (DELETE FROM standstill WHERE batch_id NOT IN (SELECT id FROM present))
     INSERT INTO standstill AS held (batch_id, remaining, since) SELECT id, remaining, now() FROM present ORDER BY id
     ON CONFLICT (batch_id) DO UPDATE SET remaining = EXCLUDED.remaining, compared_at = now(),
       since = CASE WHEN held.remaining <> EXCLUDED.remaining OR held.compared_at < now() - ${NOBODY_LOOKED}
         THEN EXCLUDED.since ELSE held.since END
     WHERE held.remaining <> EXCLUDED.remaining OR held.compared_at < now() - ${NOTED_EVERY}`,
  )
}

export interface Standstill {
  readonly since: Date
  readonly seconds: number
}

/** @returns of the batch that has stood still longest; undefined when nothing is due of any that was looked at lately. */
export async function longestStandstill(database: Queryable): Promise<Standstill | undefined> {
  const [row] = await database.query<{ since: Date | null; seconds: number | null }>(
    `SELECT min(since) AS since, extract(epoch FROM now() - min(since))::float8 AS seconds
     FROM standstill JOIN batch ON batch.id = batch_id WHERE batch.state IN ('accepted', 'running')
       AND compared_at >= now() - ${NOBODY_LOOKED}`,
  )
  const { since = null, seconds = null } = row ?? {}
  return since === null || seconds === null ? undefined : { since, seconds: Math.max(0, seconds) }
}

export const standstillSeconds = async (database: Queryable): Promise<number> =>
  (await longestStandstill(database))?.seconds ?? 0
