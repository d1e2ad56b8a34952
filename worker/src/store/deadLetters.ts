/** Dead letters: chunks of a batch that were put aside, since handling them failed again and again. */
import type { AuditEntry } from '../domain/audit.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type { DeadLetter, DeadLetterPage, DeadLetterStore } from '../http/ports.ts'
import type { Database, Queryable } from './database.ts'
import { recordAudit } from './audit.ts'

/** @returns whether the chunk is dead by now. */
export async function countFailure(
  database: Queryable,
  { batchId, chunk }: ChunkRef,
  kind: string,
  deadAfter: number,
): Promise<boolean> {
  const [row] = await database.query<{ dead: boolean }>(
    `UPDATE chunk SET failures = failures + 1, failure = $3,
       dead_at = CASE WHEN failures + 1 >= $4 THEN COALESCE(dead_at, now()) END
     WHERE batch_id = $1 AND number = $2 AND NOT done RETURNING dead_at IS NOT NULL AS dead`,
    [batchId, chunk, kind, deadAfter],
  )
  return row?.dead ?? true
}

/** Of batches that wait for it: one that was cancelled waits for nothing. */
const DEAD = `chunk.dead_at IS NOT NULL AND NOT chunk.done
  AND EXISTS (SELECT FROM batch WHERE batch.id = chunk.batch_id AND batch.state IN ('accepted', 'running', 'paused'))`

/** @param onDue called after something became due @param reads what lists are read through */
export function deadLetterStore(
  database: Database,
  onDue: () => void,
  reads: Queryable = database,
): DeadLetterStore {
  return {
    list: (page) => list(reads, page),
    replay: async (ref, audit) => {
      const replayed = await database.transaction((transaction) => replay(transaction, ref, audit))
      onDue()
      return replayed
    },
  }
}

export async function countDeadLetters(database: Queryable): Promise<number> {
  const [row] = await database.query<{ dead: number }>(
    `SELECT count(*)::int AS dead FROM chunk WHERE ${DEAD}`,
  )
  return row?.dead ?? 0
}

function list(database: Queryable, { after, limit }: DeadLetterPage): Promise<readonly DeadLetter[]> {
  return database.query<DeadLetter & Record<string, unknown>>(
    `SELECT batch_id AS "batchId", number AS chunk, last_seq - first_seq + 1 AS recipients, failures, failure,
       dead_at AS "deadAt"
     FROM chunk WHERE ${DEAD} AND ($1::uuid IS NULL OR (batch_id, number) > ($1, $2::int))
     ORDER BY batch_id, number LIMIT $3`,
    [after?.batchId, after?.chunk, limit],
  )
}

async function replay(
  transaction: Queryable,
  { batchId, chunk }: ChunkRef,
  audit: AuditEntry,
): Promise<boolean> {
  const rows = await transaction.query(
    `UPDATE chunk SET dead_at = NULL, failures = 0, due_at = now(), published_at = NULL, generation = generation + 1
     WHERE batch_id = $1 AND number = $2 AND ${DEAD} RETURNING number`,
    [batchId, chunk],
  )
  if (rows.length === 0) return false
  await recordAudit(transaction, [audit])
  return true
}
