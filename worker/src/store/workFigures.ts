/** How much is under way, summed up from what is kept for each batch: no recipient is counted, and no batch that has ended. */
import type { RecipientState } from '../domain/recipientState.ts'
import type { Queryable } from './database.ts'
import { countsOf } from '../domain/recipientState.ts'

/** States of batches that are not at their end. */
export const OPEN_STATES = ['open', 'accepted', 'running', 'paused'] as const
export type OpenState = (typeof OPEN_STATES)[number]

export async function openBatches(database: Queryable): Promise<Readonly<Record<OpenState, number>>> {
  const rows = await database.query<{ state: OpenState; count: number }>(
    'SELECT state, count(*)::int AS count FROM batch WHERE state = ANY($1) GROUP BY state',
    [OPEN_STATES],
  )
  const counts = Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  return { open: 0, accepted: 0, running: 0, paused: 0, ...counts }
}

/** Of those batches, but for any that a worker accepted that kept no tallies yet. */
export async function openRecipients(database: Queryable): Promise<Readonly<Record<RecipientState, number>>> {
  const rows = await database.query<{ state: RecipientState; count: number }>(
    `WITH unfinished AS MATERIALIZED (SELECT id FROM batch WHERE state = ANY($1))
     SELECT tally.state, sum(change)::float8 AS count
     FROM unfinished JOIN recipient_tally AS tally ON tally.batch_id = unfinished.id GROUP BY tally.state`,
    [OPEN_STATES],
  )
  return countsOf(rows.map(({ state, count }) => [state, count]))
}

/** Of all batches there ever were: nobody knows whether their mail went before a person or the provider says. */
export async function uncertainRecipients(database: Queryable): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT COALESCE(sum(change), 0)::float8 AS count FROM recipient_tally WHERE state = 'uncertain'`,
  )
  return row?.count ?? 0
}
