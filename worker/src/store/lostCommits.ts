/** Recipients whose claims a server no longer knows that came back without its last commits. */
import type { Database } from './database.ts'
import type { Known } from './journal.ts'
import type { ResultOptions } from './results.ts'
import { proven } from './results.ts'

export interface LostCommits {
  /** Recipients of whom a mail may have gone. */
  readonly remembered: number
  /** Recipients that were claimed, and were not any more. */
  readonly doubted: number
  /** Of them, some who have been claimed by somebody else meanwhile, so that they may get two mails. */
  readonly again: readonly { readonly batchId: string; readonly seq: number }[]
  /** Batches that are not there any more. */
  readonly batches: readonly string[]
}

const GROUP = 2_000

/**
 * Each becomes uncertain, with the attempt that was made: nobody may send to it in the belief that none was. What is
 * there with that attempt, or a later one, is judged like any other.
 */
export async function doubtLost(
  database: Database,
  known: Iterable<Known>,
  options: Pick<ResultOptions, 'provider' | 'events'>,
): Promise<LostCommits> {
  let [remembered, doubted] = [0, 0]
  const again: { batchId: string; seq: number }[] = []
  const batches = new Set<string>()
  for (const group of groupsOf(known)) {
    remembered += group.length
    const lost = await doubtGroup(database, group, options)
    doubted += lost.filter(({ kind }) => kind === 'doubted').length
    for (const { kind, batchId, seq } of lost) {
      if (kind === 'again') again.push({ batchId, seq })
      if (kind === 'gone') batches.add(batchId)
    }
  }
  return { remembered, doubted, again, batches: [...batches] }
}

function* groupsOf(known: Iterable<Known>): Generator<readonly Known[]> {
  let group: Known[] = []
  for (const one of known) {
    group.push(one)
    if (group.length < GROUP) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

interface Row extends Record<string, unknown> {
  readonly kind: 'doubted' | 'again' | 'gone'
  readonly batchId: string
  readonly seq: number
}

function doubtGroup(
  database: Database,
  known: readonly Known[],
  { provider, events }: Pick<ResultOptions, 'provider' | 'events'>,
): Promise<readonly Row[]> {
  return database.transaction(
    (transaction) =>
      transaction.query<Row>(DOUBT, [
        known.map(({ batchId }) => batchId),
        known.map(({ seq }) => seq),
        known.map(({ attempt }) => attempt),
        known.map(({ holder }) => holder),
        provider,
        events,
      ]),
    { isDurable: true },
  )
}

/** The same attempt under another holder is a claim that somebody made after the first was lost. */
const DOUBT = `
  WITH known AS MATERIALIZED (
    SELECT DISTINCT ON (batch_id, seq) * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[])
      AS known (batch_id, seq, attempt, worker) ORDER BY batch_id, seq, attempt DESC),
  found AS MATERIALIZED (
    SELECT known.*, recipient.attempt < known.attempt AS is_lost FROM recipient JOIN known USING (batch_id, seq)
    WHERE recipient.attempt < known.attempt AND recipient.state <> 'sent'
      OR recipient.attempt = known.attempt AND recipient.worker <> known.worker
    ORDER BY batch_id, seq FOR UPDATE OF recipient),
  doubted AS (
    UPDATE recipient SET state = ${proven("'uncertain'")}, attempt = found.attempt, worker = found.worker,
      lease_until = NULL, error_class = 'ambiguous', error_code = 'commit_lost', updated_at = now()
    FROM found WHERE is_lost AND recipient.batch_id = found.batch_id AND recipient.seq = found.seq
    RETURNING recipient.batch_id, recipient.seq, recipient.address, recipient.attempt, recipient.state),
  logged AS (
    INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, error_code)
    SELECT batch_id, seq, attempt, 'lost', worker, $5, 'commit_lost' FROM found ON CONFLICT DO NOTHING),
  noted AS (
    INSERT INTO event (batch_id, recipient, event, attempt, provider, error_class, error_code)
    SELECT batch_id, address, state, attempt, $5, 'ambiguous', 'commit_lost' FROM doubted WHERE $6)
  SELECT 'doubted' AS kind, batch_id AS "batchId", seq FROM doubted
  UNION ALL SELECT 'again', batch_id, seq FROM found WHERE NOT is_lost
  UNION ALL SELECT DISTINCT 'gone', batch_id, 0 FROM known
    WHERE NOT EXISTS (SELECT FROM batch WHERE batch.id = known.batch_id)`
