/** How much is under way, summed up from what is kept for each batch: no recipient is counted, and no batch that has ended. */
import type { RecipientState } from '../domain/recipientState.ts'
import type { Queryable } from './database.ts'
import { countsOf } from '../domain/recipientState.ts'

/** States of batches that are not at their end. */
export const OPEN_STATES = ['open', 'accepted', 'running', 'paused'] as const
export type OpenState = (typeof OPEN_STATES)[number]

/** Spelled out, since a plan that is made for any state would read every batch there ever was. */
const IS_OPEN = `state IN (${OPEN_STATES.map((state) => `'${state}'`).join(', ')})`

export const OPEN_BATCHES = `SELECT state, count(*)::int AS count FROM batch WHERE ${IS_OPEN} GROUP BY state`

/** Batch by batch, through the key of their tallies. */
export const OPEN_RECIPIENTS = `
  SELECT tally.state, sum(tally.count)::float8 AS count FROM batch CROSS JOIN LATERAL (
    SELECT state, sum(change) AS count FROM recipient_tally WHERE batch_id = batch.id GROUP BY state) AS tally
  WHERE batch.${IS_OPEN} GROUP BY tally.state`

export async function openBatches(database: Queryable): Promise<Readonly<Record<OpenState, number>>> {
  const rows = await database.query<{ state: OpenState; count: number }>(OPEN_BATCHES)
  const counts = Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  return { open: 0, accepted: 0, running: 0, paused: 0, ...counts }
}

/** Of those batches, but for any that a worker accepted that kept no tallies yet. */
export async function openRecipients(database: Queryable): Promise<Readonly<Record<RecipientState, number>>> {
  const rows = await database.query<{ state: RecipientState; count: number }>(OPEN_RECIPIENTS)
  return countsOf(rows.map(({ state, count }) => [state, count]))
}

export const UNCERTAIN = `SELECT COALESCE(sum(change), 0)::float8 AS count FROM recipient_tally WHERE state = 'uncertain'`

/** Of all batches there ever were: nobody knows whether their mail went before a person or the provider says. */
export async function uncertainRecipients(database: Queryable): Promise<number> {
  const [row] = await database.query<{ count: number }>(UNCERTAIN)
  return row?.count ?? 0
}
