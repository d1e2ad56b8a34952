/** Batches that ended with failures, and have none any more: asked after those were healed, in a statement of its own. */
import type { Queryable } from './database.ts'

export async function completeHealed(transaction: Queryable, healed: readonly string[]): Promise<void> {
  await transaction.query(
    `UPDATE batch SET state = 'completed', updated_at = now()
     WHERE id = ANY($1::uuid[]) AND state = 'completed_with_failures'
       AND NOT EXISTS (SELECT FROM chunk WHERE chunk.batch_id = batch.id AND NOT done)
       AND NOT EXISTS (SELECT FROM recipient
         WHERE recipient.batch_id = batch.id AND recipient.state IN ('failed', 'uncertain'))`,
    [[...new Set(healed)]],
  )
}
