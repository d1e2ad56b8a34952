/** What PostgreSQL has of the batches of a history, all of one moment. */
import { Client } from 'pg'
import type { BatchState } from '../../src/domain/batchState.ts'
import type { RecipientState } from '../../src/domain/recipientState.ts'

export interface BatchRow {
  readonly id: string
  readonly state: BatchState
  readonly recipients: number
  /** Runs before this one. */
  readonly retries: number
  readonly error_class: string | null
  readonly finished_at: Date | null
}

export interface RecipientRow {
  readonly batch_id: string
  readonly seq: number
  readonly address: string
  readonly state: RecipientState
  readonly attempt: number
  readonly error_class: string | null
  readonly error_code: string | null
  readonly due_at: Date
}

export interface AttemptRow {
  readonly batch_id: string
  readonly seq: number
  readonly attempt: number
  readonly outcome: string
  readonly worker: string
  readonly error_code: string | null
}

export interface Snapshot {
  readonly batches: readonly BatchRow[]
  readonly recipients: readonly RecipientRow[]
  readonly attempts: readonly AttemptRow[]
}

export async function snapshotOf(url: string, ids: readonly string[]): Promise<Snapshot> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const rows = async <Row>(text: string) => (await client.query(text, [ids])).rows as readonly Row[]
    return {
      batches: await rows<BatchRow>('SELECT * FROM batch WHERE id = ANY($1)'),
      recipients: await rows<RecipientRow>(
        `SELECT batch_id, seq, address, state, attempt, error_class, error_code, due_at FROM recipient
         WHERE batch_id = ANY($1) ORDER BY batch_id, seq`,
      ),
      attempts: await rows<AttemptRow>(
        'SELECT * FROM attempt WHERE batch_id = ANY($1) ORDER BY batch_id, seq, attempt, recorded_at',
      ),
    }
  } finally {
    await client.end()
  }
}

export const keyOf = ({ batch_id: batch, seq }: { batch_id: string; seq: number }): string =>
  `${batch}:${seq}`

export const attemptOf = (one: AttemptRow): string => `${keyOf(one)}:${one.attempt}`

export function attemptsByRecipient(
  attempts: readonly AttemptRow[],
): ReadonlyMap<string, readonly AttemptRow[]> {
  return Map.groupBy(attempts, keyOf)
}
