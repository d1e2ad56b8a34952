/** Batches: created with their recipients in one transaction, read, and commanded. */
import { randomUUID } from 'node:crypto'
import type { BatchCommand } from '../domain/batchState.ts'
import type { Batch, NewBatch } from '../http/ports.ts'
import type { Queryable } from './database.ts'
import { transition } from '../domain/batchState.ts'
import type { Group } from './batchFigures.ts'
import { deliveriesOf, refusalsOf, statesOf } from './batchFigures.ts'
import { BATCH_COLUMNS } from './batchList.ts'
import { appendChunks, insertChunks, parkChunks } from './chunks.ts'
import { PAUSE_REASON, RESUMED_WITH } from './pauses.ts'
import { GROUPED, tallyPending } from './tallies.ts'
import { settleEntry } from './uploadEntries.ts'

/** @returns its id. */
export async function insertBatch(transaction: Queryable, batch: NewBatch): Promise<string> {
  const id = randomUUID()
  const { recipients, priority = 'bulk', open } = batch
  await transaction.query(
    `INSERT INTO batch (id, user_id, sender, subject, text_body, html_body, recipients, duplicates, reply_to, headers,
       name, tags, priority, state, filling, tallied) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true)`,
    [
      id,
      batch.userId,
      batch.from,
      batch.subject,
      batch.text,
      batch.html,
      recipients.length,
      batch.duplicates,
      batch.replyTo,
      batch.headers && JSON.stringify(batch.headers),
      batch.name,
      batch.tags ?? [],
      priority,
      open === 'held' ? 'open' : 'accepted',
      open !== undefined,
    ],
  )
  if (open === undefined) await insertRecipients(transaction, id, recipients)
  else await transaction.query('INSERT INTO upload (batch_id) VALUES ($1)', [id])
  await insertChunks(transaction, id, recipients.length, priority)
  return id
}

async function insertRecipients(
  transaction: Queryable,
  id: string,
  recipients: NewBatch['recipients'],
): Promise<void> {
  await transaction.query(
    `INSERT INTO recipient (batch_id, seq, address, address_norm, variables, headers)
     SELECT $1, ordinality - 1, address, address_norm, NULLIF(variables, 'null'), NULLIF(headers, 'null')
     FROM ROWS FROM (unnest($2::text[]), unnest($3::text[]), jsonb_array_elements($4::jsonb),
         jsonb_array_elements($5::jsonb))
       WITH ORDINALITY AS given (address, address_norm, variables, headers)`,
    [
      id,
      recipients.map(({ mailbox }) => mailbox.address),
      recipients.map(({ mailbox }) => mailbox.normalised),
      // One text: pg would build a list of texts with quotes in them from a piece of memory for each quote.
      JSON.stringify(recipients.map(({ variables }) => variables ?? null)),
      // Few have any: the function gives no rows, and what is beside it gets NULL.
      JSON.stringify(
        recipients.some(({ headers }) => headers) ? recipients.map(({ headers }) => headers ?? null) : [],
      ),
    ],
  )
  await tallyPending(transaction, id, 0, recipients.length)
}

const UPLOAD_STATE = `(SELECT json_build_object('offset', rows, 'refused', refused) FROM upload WHERE batch_id = batch.id)`

/** Counted in one statement, and so of one moment: a batch that is completed has nobody left to count. */
export async function findBatch(database: Queryable, id: string): Promise<Batch | undefined> {
  const [row] = await database.query<FoundRow>(
    `SELECT ${BATCH_COLUMNS}, ${PAUSE_REASON} AS "pauseReason", ${GROUPED} AS groups,
       ${UPLOAD_STATE} AS upload FROM batch WHERE id = $1`,
    [id],
  )
  if (row === undefined) return undefined
  const { groups, ...batch } = row
  const refusals = await refusalsOf(database, id, groups)
  return { ...batch, counts: statesOf(groups), deliveries: deliveriesOf(groups), refusals }
}

type FoundRow = Omit<Batch, 'counts' | 'deliveries' | 'refusals'> & { readonly groups: readonly Group[] }

/**
 * After a cancellation, `endWaiting` is due, which also tells when nothing is under way any more. One whose sender was
 * refused is ending and neither pauses nor goes on. What is open gets its chunks when it ends, so that somebody sees to its
 * recipients should `endWaiting` not be carried out.
 * @returns false when the batch is in a state from which the command does not lead anywhere.
 */
export async function commandBatch(
  transaction: Queryable,
  id: string,
  command: BatchCommand,
): Promise<boolean> {
  const { from, to } = transition(command)
  const rows = await transaction.query<{ recipients: number }>(
    `UPDATE batch SET state = $2, updated_at = now(),
       finished_at = CASE WHEN state = 'cancelled' THEN finished_at END,
       filling = filling AND $2 <> 'cancelled',
       resumed_at = CASE WHEN $2 = 'running' AND state = 'paused' THEN now() ELSE resumed_at END,
       pause_reason = CASE WHEN $2 = 'running' THEN ${RESUMED_WITH} ELSE pause_reason END
     WHERE id = $1 AND (state = ANY($3) OR state = $2) AND ($2 = 'cancelled' OR error_class IS NULL) RETURNING recipients`,
    [id, to, from],
  )
  if (rows.length === 0) return false
  if (command === 'pause') {
    await parkChunks(transaction, id)
    return true
  }
  const [batch] = rows
  if (command === 'cancel' && batch !== undefined) {
    await appendChunks(transaction, id, batch.recipients, false)
    await settleEntry(transaction, id)
  }
  await transaction.query('UPDATE chunk SET due_at = now() WHERE batch_id = $1 AND NOT done', [id])
  return true
}
