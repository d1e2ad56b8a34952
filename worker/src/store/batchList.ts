/** Batches in the order of their creation, the newest first. */
import type { BatchPage, ListedBatch } from '../http/ports.ts'
import type { Queryable } from './database.ts'
import { IS_FILLED } from './filling.ts'

export function listBatches(queryable: Queryable, page: BatchPage): Promise<readonly ListedBatch[]> {
  const { text, values } = batchesStatement(page)
  return queryable.query<ListedBatch & Record<string, unknown>>(text, values)
}

/**
 * A statement for each filter, and the columns of its index compared and ordered by together: a plan that is made for
 * any state would take the instants alone for good enough, and read every batch for a state that is rare.
 */
export function batchesStatement({ state, tag, after, limit }: BatchPage) {
  const values: unknown[] = [limit]
  const given = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const filters = ['true']
  const [own, of] = state === undefined ? ['', ''] : ['state, ', `${given(state, 'text')}, `]
  if (state !== undefined) filters.push(`state BETWEEN $${values.length} AND $${values.length}`)
  if (tag !== undefined) filters.push(`tags @> ARRAY[${given(tag, 'text')}]`)
  if (after !== undefined) {
    const at = `timestamptz 'epoch' + ${given(after.createdMicros, 'bigint')} * interval '1 microsecond'`
    filters.push(`(${own}created_at, id) < (${of}${at}, ${given(after.id, 'uuid')})`)
  }
  const order = `${state === undefined ? '' : 'state DESC, '}created_at DESC, id DESC`
  const text = `SELECT ${BATCH_COLUMNS}, (extract(epoch FROM created_at) * 1000000)::bigint::text AS "createdMicros"
    FROM batch WHERE ${filters.join(' AND ')} ORDER BY ${order} LIMIT $1`
  return { text, values }
}

export const BATCH_COLUMNS = `id, name, tags, state, recipients, duplicates, created_at AS "createdAt",
  finished_at AS "finishedAt", error_code AS "errorCode", retries, ${IS_FILLED} AS "isOpen",
  started_at AS "startedAt"`
