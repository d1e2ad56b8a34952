/** Batches: created with their recipients in one transaction, read, and commanded. */
import { randomUUID } from 'node:crypto'
import type { BatchCommand } from '../domain/batchState.ts'
import type { RecipientState } from '../domain/recipientState.ts'
import type { Batch, NewBatch } from '../http/ports.ts'
import type { Queryable } from './database.ts'
import { transition } from '../domain/batchState.ts'
import { countsOf } from '../domain/recipientState.ts'
import { BATCH_COLUMNS } from './batchList.ts'
import { insertChunks, parkChunks } from './chunks.ts'
import { PAUSE_REASON, RESUMED_WITH } from './pauses.ts'

/** @returns its id. */
export async function insertBatch(transaction: Queryable, batch: NewBatch): Promise<string> {
  const id = randomUUID()
  const { recipients, priority = 'bulk' } = batch
  await transaction.query(
    `INSERT INTO batch (id, user_id, sender, subject, text_body, html_body, recipients, duplicates, priority)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      id,
      batch.userId,
      batch.from,
      batch.subject,
      batch.text,
      batch.html,
      recipients.length,
      batch.duplicates,
      priority,
    ],
  )
  await transaction.query(
    `INSERT INTO recipient (batch_id, seq, address, address_norm, variables)
     SELECT $1, ordinality - 1, address, address_norm, NULLIF(variables, 'null')
     FROM ROWS FROM (unnest($2::text[]), unnest($3::text[]), jsonb_array_elements($4::jsonb))
       WITH ORDINALITY AS given (address, address_norm, variables)`,
    [
      id,
      recipients.map(({ mailbox }) => mailbox.address),
      recipients.map(({ mailbox }) => mailbox.normalised),
      // One text: pg would build a list of texts with quotes in them from a piece of memory for each quote.
      JSON.stringify(recipients.map(({ variables }) => variables ?? null)),
    ],
  )
  await insertChunks(transaction, id, recipients.length, priority)
  return id
}

/** One statement, and so of one moment: a batch that is completed has nobody left to count. */
export async function findBatch(database: Queryable, id: string): Promise<Batch | undefined> {
  const [row] = await database.query<FoundRow>(
    `SELECT ${BATCH_COLUMNS}, ${PAUSE_REASON} AS "pauseReason", ARRAY(SELECT json_build_array(recipient.state, count(*))
       FROM recipient WHERE batch_id = $1 GROUP BY recipient.state) AS counted
     FROM batch WHERE id = $1`,
    [id],
  )
  if (row === undefined) return undefined
  const { counted, ...batch } = row
  return { ...batch, counts: countsOf(counted) }
}

type FoundRow = Omit<Batch, 'counts'> & {
  readonly counted: readonly (readonly [RecipientState, number])[]
}

/**
 * After a cancellation, `endWaiting` is due, which also tells when nothing is under way any more. One whose sender was
 * refused is ending and neither pauses nor goes on.
 * @returns false when the batch is in a state from which the command does not lead anywhere.
 */
export async function commandBatch(
  transaction: Queryable,
  id: string,
  command: BatchCommand,
): Promise<boolean> {
  const { from, to } = transition(command)
  const rows = await transaction.query(
    `UPDATE batch SET state = $2, updated_at = now(),
       finished_at = CASE WHEN state = 'cancelled' THEN finished_at END,
       resumed_at = CASE WHEN $2 = 'running' AND state = 'paused' THEN now() ELSE resumed_at END,
       pause_reason = CASE WHEN $2 = 'running' THEN ${RESUMED_WITH} ELSE pause_reason END
     WHERE id = $1 AND (state = ANY($3) OR state = $2) AND ($2 = 'cancelled' OR error_class IS NULL) RETURNING id`,
    [id, to, from],
  )
  if (rows.length === 0) return false
  if (command === 'pause') await parkChunks(transaction, id)
  else await transaction.query('UPDATE chunk SET due_at = now() WHERE batch_id = $1 AND NOT done', [id])
  return true
}
