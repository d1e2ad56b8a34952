/** Batches that pause by themselves, since one refusal dominates their results, and what a person accepted of that. */
import type { Work } from '../sending/ports.ts'
import type { DominantRefusal } from '../domain/pauseReason.ts'
import type { Database } from './database.ts'
import { parkChunks } from './chunks.ts'

/** For rows of `batch`: tells one stretch between two pauses from another, in text as the instants have microseconds. */
export const RESUMED = `extract(epoch FROM batch.resumed_at)::text`

/** For rows of `batch`: refusals that this run went on with after a person had looked, as `refusalKey` writes them. */
export const REFUSALS_ACCEPTED = `COALESCE(batch.pause_reason->'accepted', '[]'::jsonb)`

/** For rows of `batch`: the reason while it is paused for one; without one only what was accepted is kept. */
export const PAUSE_REASON = `CASE WHEN batch.state = 'paused' AND batch.pause_reason ? 'class'
  THEN batch.pause_reason - 'accepted' END`

/** For rows of `batch` that are resumed: what it was paused for is accepted until it runs again. */
export const RESUMED_WITH = `CASE WHEN batch.pause_reason ? 'class' THEN jsonb_build_object('accepted',
    ${REFUSALS_ACCEPTED} || to_jsonb(concat_ws('|', batch.pause_reason->>'class',
      COALESCE(batch.pause_reason->>'code', ''), COALESCE(batch.pause_reason->>'enhancedCode', ''))))
  ELSE batch.pause_reason END`

/** Of the run, and the stretch since it was resumed, that `work` is of. @returns whether it is paused by this. */
export function pauseBatch(
  database: Database,
  { batchId, run, resumed }: Pick<Work, 'batchId' | 'run' | 'resumed'>,
  refusal: DominantRefusal,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const paused = await transaction.query(
      `UPDATE batch SET state = 'paused', updated_at = now(), pause_reason = $4::jsonb || jsonb_build_object(
         'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'accepted', ${REFUSALS_ACCEPTED})
       WHERE id = $1 AND state = 'running' AND error_class IS NULL AND retries = $2
         AND ${RESUMED} IS NOT DISTINCT FROM $3 RETURNING id`,
      [batchId, run, resumed, JSON.stringify(refusal)],
    )
    if (paused.length > 0) await parkChunks(transaction, batchId)
    return paused.length > 0
  })
}
