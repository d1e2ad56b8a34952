/** Results as the sender hands them in: of attempts that are still ours, and of those that were judged meanwhile. */
import type { Result } from '../sending/ports.ts'
import type { Database, Queryable } from './database.ts'
import type { RecipientKey, ResultOptions } from './results.ts'
import type { LedgerOptions } from './ledger.ts'
import { acceptAfterAll } from './contradictions.ts'
import { isBounce, writeResults } from './results.ts'

export type RecordOptions = ResultOptions & Pick<LedgerOptions, 'onContradiction'>

/** @returns how many were written; the others are no longer ours. */
export async function recordResults(
  database: Database,
  results: readonly Result[],
  options: RecordOptions,
): Promise<number> {
  const write = (queryable: Queryable) => writeResults(queryable, results, options, 'held')
  const written = await (results.some(isBounce) ? database.transaction(write) : write(database))
  if (written.length === results.length) return written.length
  const known = new Set(written.map(nameOf))
  const late = results.filter(({ claimed }) => !known.has(nameOf(claimed)))
  return written.length + (await recordLate(database, late, options))
}

/**
 * The lease was lost and somebody judged the recipient; whoever must be tried again after all may be in a chunk, and in
 * a batch, that has ended since. The batch is locked first, so that nobody ends it from what was true before.
 */
async function recordLate(
  database: Database,
  late: readonly Result[],
  options: RecordOptions,
): Promise<number> {
  const { written, contradicted } = await database.transaction(async (transaction) => {
    const batches = [...new Set(late.map(({ claimed }) => claimed.batchId))].sort()
    await transaction.query('SELECT FROM batch WHERE id = ANY($1) ORDER BY id FOR UPDATE', [batches])
    const healed = await writeResults(transaction, late, options, 'judged')
    await reopen(transaction, healed)
    const known = new Set(healed.map(nameOf))
    const accepted = late.filter(
      ({ claimed, retryClass }) => retryClass === 'accepted' && !known.has(nameOf(claimed)),
    )
    const { contradicted, changed } = await acceptAfterAll(transaction, accepted, options)
    return { written: healed.length + changed, contradicted }
  })
  if (contradicted.length > 0) options.onContradiction?.(contradicted)
  return written
}

/** The new generation of the chunk keeps a worker that is just settling it from ending it. */
async function reopen(transaction: Queryable, healed: readonly RecipientKey[]): Promise<void> {
  if (healed.length === 0) return
  await transaction.query(
    `WITH open AS (
       SELECT recipient.batch_id, recipient.seq FROM recipient
       JOIN unnest($1::uuid[], $2::int[]) AS healed (batch_id, seq) USING (batch_id, seq)
       WHERE recipient.state = 'deferred'),
     reopened AS (
       UPDATE chunk SET done = false, generation = generation + 1, published_at = NULL, due_at = now()
       WHERE EXISTS (SELECT FROM open WHERE open.batch_id = chunk.batch_id AND seq BETWEEN first_seq AND last_seq))
     UPDATE batch SET updated_at = now(),
       state = CASE WHEN state IN ('completed', 'completed_with_failures') THEN 'running' ELSE state END,
       finished_at = CASE WHEN state IN ('completed', 'completed_with_failures') THEN NULL ELSE finished_at END
     WHERE id IN (SELECT batch_id FROM open)`,
    [healed.map(({ batchId }) => batchId), healed.map(({ seq }) => seq)],
  )
}

const nameOf = ({ batchId, seq }: RecipientKey): string => `${batchId}:${seq}`
