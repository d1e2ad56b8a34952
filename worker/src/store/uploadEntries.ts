/**
 * The line of the audit log that a request leaves which added recipients: one, however many transactions it took, and also
 * when its worker did not live to write it. Whoever comes next writes it then.
 */
import type { AuditEntry } from '../domain/audit.ts'
import type { Queryable } from './database.ts'
import { recordAudit } from './audit.ts'

/** The figures of the batch when the request began, which are taken off those of its end. */
interface Figures {
  readonly rows: number
  readonly refused: number
  readonly recipients: number
  readonly duplicates: number
}

export interface Entry {
  readonly audit: AuditEntry
  readonly since: Figures
}

/** @param holder only that of this request; of any when left out */
export async function settleEntry(transaction: Queryable, batchId: string, holder?: string): Promise<void> {
  const [row] = await transaction.query<Figures & { entry: Entry }>(
    `SELECT entry, rows, refused, recipients, duplicates FROM upload JOIN batch ON batch.id = batch_id
     WHERE batch_id = $1 AND entry IS NOT NULL AND ($2::uuid IS NULL OR holder = $2) FOR UPDATE OF upload`,
    [batchId, holder],
  )
  if (row === undefined) return
  await transaction.query('UPDATE upload SET entry = NULL WHERE batch_id = $1', [batchId])
  const { audit, since } = row.entry
  if (row.rows === since.rows) return
  const metadata = {
    ...audit.metadata,
    offset: since.rows,
    rows: row.rows - since.rows,
    recipients: row.recipients - since.recipients,
    duplicates: row.duplicates - since.duplicates,
    refused: row.refused - since.refused,
  }
  await recordAudit(transaction, [{ ...audit, metadata }])
}
