/** How many recipients of a batch are in each state, kept by a trigger (`0009_tallies`) as changes that are summed up. */
import type { Queryable } from './database.ts'

const GROUP = 'state, delivery, error_class, error_code'

/** For a row of `batch` that is inserted as `tallied`, or more recipients of it. */
export async function tallyPending(
  transaction: Queryable,
  batchId: string,
  firstSeq: number,
  count: number,
): Promise<void> {
  await transaction.query(
    `INSERT INTO recipient_tally (batch_id, state, change, seq) VALUES ($1, 'pending', $2, $3)`,
    [batchId, count, firstSeq],
  )
}

/**
 * For a row of `batch`: its recipients by all that they are counted by, as `Group` of batchFigures.ts. Of a batch that an
 * older worker accepted each recipient is looked at.
 */
export const GROUPED = `CASE WHEN batch.tallied THEN ARRAY(
    SELECT json_build_array(${GROUP}, sum(change), min(seq) FILTER (WHERE change > 0))
    FROM recipient_tally WHERE batch_id = batch.id GROUP BY ${GROUP} HAVING sum(change) <> 0)
  ELSE ARRAY(SELECT json_build_array(${GROUP}, count(*), min(seq)) FROM recipient WHERE batch_id = batch.id GROUP BY ${GROUP}) END`

/** For a row of `batch`: whether something of it did not arrive, or nobody knows. */
export const HAS_FAILURES = `CASE WHEN batch.tallied THEN COALESCE((SELECT sum(change) > 0 FROM recipient_tally
    WHERE batch_id = batch.id AND state IN ('failed', 'uncertain')), false)
  ELSE EXISTS (SELECT FROM recipient WHERE batch_id = batch.id AND state IN ('failed', 'uncertain')) END`

/** So many changes at once: a statement of a moment. */
const AT_ONCE = 5_000

/**
 * Sums up the changes since the last time, of some batches. Several may do so at once; what another one is at is left.
 * @returns how many rows became fewer.
 */
export async function foldTallies(database: Queryable): Promise<number> {
  const [row] = await database.query<{ taken: number }>(
    `WITH changed AS (
       SELECT DISTINCT batch_id FROM (SELECT batch_id FROM recipient_tally WHERE NOT folded LIMIT ${AT_ONCE}) AS lately),
     locked AS MATERIALIZED (
       SELECT tally.ctid FROM recipient_tally AS tally WHERE batch_id IN (SELECT batch_id FROM changed)
       FOR UPDATE SKIP LOCKED),
     taken AS (
       DELETE FROM recipient_tally WHERE ctid = ANY(ARRAY(SELECT ctid FROM locked))
       RETURNING batch_id, ${GROUP}, change, seq),
     summed AS (
       INSERT INTO recipient_tally (batch_id, ${GROUP}, change, seq, folded)
       SELECT batch_id, ${GROUP}, sum(change), COALESCE(min(seq) FILTER (WHERE change > 0), min(seq)), true
       FROM taken GROUP BY batch_id, ${GROUP} HAVING sum(change) <> 0)
     SELECT count(*)::int AS taken FROM taken`,
  )
  return row?.taken ?? 0
}
