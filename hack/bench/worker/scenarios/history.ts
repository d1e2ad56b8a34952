/** What millions of recipients of the past cost those of today: the same work in an empty database and beside them. */
import type { Arena } from '../arena.ts'
import type { Contestant } from '../contestants.ts'
import { CHUNK_SIZE } from '../../../../worker/src/store/express.ts'
import { accept } from './accept.ts'
import { drain } from './drain.ts'

export interface Today {
  readonly mailsPerSecond: number
  /** Of the API, while the worker sends. */
  readonly p95Ms: number
}

export interface History {
  readonly empty: Today
  readonly beside: Today
}

interface Sizes {
  /** Recipients of the past. */
  readonly past: number
  /** Mails to drain. */
  readonly count: number
  readonly acceptSeconds: number
  readonly busyLot: number
}

const BATCH = 50_000

/** @param inArena gives a new arena for each run */
export async function history(
  inArena: <Value>(work: (arena: Arena) => Promise<Value>) => Promise<Value>,
  ours: Contestant,
  sizes: Sizes,
): Promise<History> {
  const today = (past: number): Promise<Today> =>
    inArena(async (arena) => {
      await fillPast(arena, past)
      const { mailsPerSecond } = await drain(arena, ours, 'today', sizes.count)
      const { p95Ms } = await accept(arena, sizes.acceptSeconds, sizes.busyLot)
      return { mailsPerSecond, p95Ms }
    })
  return { empty: await today(0), beside: await today(sizes.past) }
}

/** Batches that have been sent, as they lie there once autovacuum has been past: rows that came short and grew in their pages. */
async function fillPast({ rig }: Arena, recipients: number): Promise<void> {
  for (let filled = 0; filled < recipients; filled += BATCH)
    await fillBatch(rig, Math.min(BATCH, recipients - filled))
  if (recipients > 0) for (const table of TABLES) await rig.sql(`VACUUM ANALYZE ${table}`)
}

const TABLES = ['batch', 'chunk', 'recipient', 'attempt', 'recipient_tally']

async function fillBatch(rig: Arena['rig'], count: number): Promise<void> {
  const id = crypto.randomUUID()
  const address = `'past' || n || '@' || left($1::text, 8) || '.example.org'`
  await rig.sql(
    `INSERT INTO batch (id, user_id, state, sender, subject, html_body, recipients, duplicates, finished_at, tallied)
     VALUES ($1, 'past', 'completed', 's@example.org', 'Hello', '<p>Hello</p>', $2, 0, now(), true)`,
    [id, count],
  )
  await rig.sql(
    `INSERT INTO recipient_tally (batch_id, state, change, seq, folded) VALUES ($1, 'pending', $2, 0, true)`,
    [id, count],
  )
  await rig.sql(
    `INSERT INTO recipient (batch_id, seq, address, address_norm)
     SELECT $1::uuid, n, ${address}, ${address} FROM generate_series(0, $2::int - 1) AS n`,
    [id, count],
  )
  await rig.sql(
    `UPDATE recipient SET state = 'sent', attempt = 1, tries = 1, worker = 'past/1#1',
       provider_message_id = '<' || $1::text || '.' || seq || '@example.org>', first_tried_at = now()
     WHERE batch_id = $1::uuid`,
    [id],
  )
  await rig.sql(
    `INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id, detail, started_at, stage, reply_code)
     SELECT $1::uuid, n, 1, 'accepted', 'past/1#1', 'smtp', '<' || $1::text || '.' || n || '@example.org>', '250 2.0.0 taken', now(),
       'end_of_data', 250 FROM generate_series(0, $2::int - 1) AS n`,
    [id, count],
  )
  await rig.sql(
    `INSERT INTO chunk (batch_id, number, first_seq, last_seq, done)
     SELECT $1::uuid, n, n * ${CHUNK_SIZE}, (n + 1) * ${CHUNK_SIZE} - 1, true FROM generate_series(0, ($2::int - 1) / ${CHUNK_SIZE}) AS n`,
    [id, count],
  )
}
