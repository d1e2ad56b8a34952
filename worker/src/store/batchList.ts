/** Batches in the order of their creation, the newest first. */
import type { BatchState } from '../domain/batchState.ts'
import type { Batch } from './batches.ts'
import type { Queryable } from './database.ts'

/** Without the counts, which would cost a look at every recipient. */
export type ListedBatch = Omit<Batch, 'counts'> & {
  /** Microseconds: a date of JavaScript would be too coarse to go on from. */
  readonly createdMicros: string
}

export interface BatchPage {
  readonly state: BatchState | undefined
  /** The last one of the page before. */
  readonly after: { readonly createdMicros: string; readonly id: string } | undefined
  readonly limit: number
}

export function listBatches(
  database: Queryable,
  { state, after, limit }: BatchPage,
): Promise<readonly ListedBatch[]> {
  return database.query<ListedBatch & Record<string, unknown>>(
    `SELECT ${BATCH_COLUMNS}, (extract(epoch FROM created_at) * 1000000)::bigint::text AS "createdMicros"
     FROM batch
     WHERE ($1::text IS NULL OR state = $1)
       AND ($2::bigint IS NULL OR
         (created_at, id) < (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3::uuid))
     ORDER BY created_at DESC, id DESC LIMIT $4`,
    [state, after?.createdMicros, after?.id, limit],
  )
}

export const BATCH_COLUMNS = `id, state, recipients, duplicates, created_at AS "createdAt",
  finished_at AS "finishedAt", error_code AS "errorCode", retries`
