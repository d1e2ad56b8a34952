/** An open batch is said to be complete: from then on it is a batch like any other. */
import type { AuditEntry } from '../domain/audit.ts'
import type { BatchState } from '../domain/batchState.ts'
import type { Priority } from '../domain/priority.ts'
import type { StartRefusal } from '../http/ports.ts'
import type { Queryable } from './database.ts'
import { recordAudit } from './audit.ts'
import { COMPLETION, insertChunks, UNFINISHED } from './chunks.ts'
import { IS_FILLED } from './filling.ts'
import { settleEntry } from './uploadEntries.ts'

interface Opened {
  readonly state: BatchState
  readonly filled: boolean
  readonly recipients: number
  readonly priority: Priority
  readonly started: boolean
}

/**
 * A request that still adds to it has lost its hold. One that was sent meanwhile may have nothing left to send, and then
 * has ended. @returns undefined when it is started, also when it was before.
 */
export async function startBatch(
  transaction: Queryable,
  batchId: string,
  auditOf: (recipients: number) => AuditEntry,
): Promise<StartRefusal | undefined> {
  const [batch] = await transaction.query<Opened & Record<string, unknown>>(
    `SELECT state, ${IS_FILLED} AS filled, recipients, priority, started_at IS NOT NULL AS started FROM batch WHERE id = $1 FOR UPDATE`,
    [batchId],
  )
  if (batch === undefined) return 'unknown'
  if (!batch.filled) return batch.started && batch.state !== 'cancelled' ? undefined : 'state'
  if (batch.recipients === 0) return 'empty'
  await transaction.query(
    `UPDATE batch SET state = CASE state WHEN 'open' THEN 'accepted' ELSE state END, filling = false, started_at = now(),
       updated_at = now() WHERE id = $1`,
    [batchId],
  )
  if (batch.state === 'open') await insertChunks(transaction, batchId, batch.recipients, batch.priority)
  await settleEntry(transaction, batchId)
  await transaction.query('UPDATE upload SET holder = NULL WHERE batch_id = $1', [batchId])
  await transaction.query('DELETE FROM upload_part WHERE batch_id = $1', [batchId])
  await recordAudit(transaction, [auditOf(batch.recipients)])
  await transaction.query(
    `UPDATE batch SET ${COMPLETION} WHERE id = $1 AND ${UNFINISHED}
       AND NOT EXISTS (SELECT FROM chunk WHERE batch_id = $1 AND NOT done)`,
    [batchId],
  )
  return undefined
}
