/** Recipients that are added to an open batch, a lot of rows at a time: each is taken whole, by the request that began last. */
import { randomUUID } from 'node:crypto'
import type {
  Lot,
  LotRecipient,
  UploadHold,
  UploadPart,
  UploadRefusal,
  UploadRefused,
  RefusedRow,
  UploadStore,
} from '../http/ports.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { BatchState } from '../domain/batchState.ts'
import type { Database, Queryable, Transaction } from './database.ts'
import { BloomFilter } from '../runtime/bloomFilter.ts'
import { appendChunks } from './chunks.ts'
import { copyText } from './copyText.ts'
import { readContent } from './contents.ts'
import { IS_FILLED } from './filling.ts'
import { startBatch } from './starts.ts'
import { tallyPending } from './tallies.ts'
import { type Entry, settleEntry } from './uploadEntries.ts'

/** Refused rows that are kept of a batch, the first ones. */
const REFUSED_KEPT = 1_000
const PARTS_AT_ONCE = 1_000

/** Told within a transaction, which ends with it. */
class Refused extends Error {
  readonly refusal: UploadRefusal

  constructor(refusal: UploadRefusal) {
    super(refusal)
    this.refusal = refusal
  }
}

/** @param onDue called after something became due */
export function uploadStore(
  database: Database,
  { onDue, reads = database }: { readonly onDue: () => void; readonly reads?: Queryable },
): UploadStore {
  const inTurn = turns()
  /** Of batches that were empty when the request began, which alone has added to them since: whom they have. */
  const added = new WeakMap<UploadHold, BloomFilter>()
  return {
    begin: (id, from, audit) =>
      telling(database, id, async () => {
        const { hold, isEmpty } = await database.transaction((transaction) =>
          begin(transaction, id, from, audit),
        )
        if (isEmpty) added.set(hold, new BloomFilter())
        return hold
      }),
    parts: (id, fromRow) =>
      database.query<UploadPart & Record<string, unknown>>(
        `SELECT first_row AS "firstRow", rows, digest FROM upload_part WHERE batch_id = $1 AND first_row >= $2
         ORDER BY first_row LIMIT ${PARTS_AT_ONCE}`,
        [id, fromRow],
      ),
    add: (hold, lot) =>
      telling(database, hold.batchId, async () => {
        const known = added.get(hold)
        const suspects = known
          ? lot.recipients.filter(({ mailbox }) => known.add(mailbox.normalised))
          : lot.recipients
        const taken = await inTurn(() =>
          database.transaction((transaction) => add(transaction, hold, lot, suspects)),
        )
        if (taken.isDue) onDue()
        return taken.recipients
      }),
    finish: ({ batchId, holder }) =>
      database.transaction((transaction) => settleEntry(transaction, batchId, holder)),
    state: async (id) => {
      const [row] = await reads.query<{ offset: number; refused: number; isOpen: boolean }>(
        `SELECT rows AS "offset", refused, ${IS_FILLED} AS "isOpen" FROM upload JOIN batch ON batch.id = batch_id
         WHERE batch_id = $1`,
        [id],
      )
      return row
    },
    refused: (id, { afterRow, limit }) =>
      reads.query<RefusedRow & Record<string, unknown>>(
        'SELECT row, errors FROM refused_recipient WHERE batch_id = $1 AND row > $2 ORDER BY row LIMIT $3',
        [id, afterRow, limit],
      ),
    start: async (id, auditOf) => {
      const refusal = await database.transaction((transaction) => startBatch(transaction, id, auditOf))
      if (refusal === undefined) onDue()
      return refusal
    },
  }
}

/** One lot at a time of a worker: however many requests there are, others find connections. */
function turns() {
  let last: Promise<unknown> = Promise.resolve()
  return <Value>(work: () => Promise<Value>): Promise<Value> => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** What was refused, with where the batch is by now. */
async function telling<Value>(
  database: Queryable,
  id: string,
  work: () => Promise<Value>,
): Promise<Value | UploadRefused> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const [row] = await database.query<{ rows: number }>('SELECT rows FROM upload WHERE batch_id = $1', [id])
    return { refusal: error.refusal, offset: row?.rows ?? 0 }
  }
}

async function begin(
  transaction: Transaction,
  batchId: string,
  from: number | undefined,
  audit: AuditEntry,
): Promise<{ readonly hold: UploadHold; readonly isEmpty: boolean }> {
  const [batch] = await transaction.query<{ filled: boolean; recipients: number; duplicates: number }>(
    `SELECT ${IS_FILLED} AS filled, recipients, duplicates FROM batch WHERE id = $1`,
    [batchId],
  )
  if (batch === undefined) throw new Refused('unknown')
  if (!batch.filled) throw new Refused('closed')
  await settleEntry(transaction, batchId)
  const holder = randomUUID()
  const [upload] = await transaction.query<{ rows: number; refused: number; boundary: boolean }>(
    `UPDATE upload SET holder = $2 WHERE batch_id = $1
     RETURNING rows, refused, $3::int IS NULL OR $3 = rows
       OR EXISTS (SELECT FROM upload_part WHERE batch_id = $1 AND first_row = $3) AS boundary`,
    [batchId, holder, from],
  )
  if (upload === undefined) throw new Refused('closed')
  if (!upload.boundary) throw new Refused('offset')
  // Read anew: the request before may have added to it until it had lost its hold.
  const [now] = await transaction.query<{ recipients: number; duplicates: number }>(
    'SELECT recipients, duplicates FROM batch WHERE id = $1',
    [batchId],
  )
  const { rows, refused } = upload
  const since = { rows, refused, ...(now ?? batch) }
  const entry: Entry = { audit, since }
  await transaction.query('UPDATE upload SET entry = $2 WHERE batch_id = $1', [
    batchId,
    JSON.stringify(entry),
  ])
  const content = await readContent(transaction, batchId)
  return { hold: { batchId, holder, offset: rows, content }, isEmpty: since.recipients === 0 }
}

interface Before {
  readonly recipients: number
  readonly refused: number
  readonly filled: boolean
  /** Nobody may hold it. */
  readonly held: boolean | null
}

/**
 * Those that the batch has already, who are among the suspects, are looked for before the rest is copied into its table as it is: nobody else adds to
 * it, unless this request has lost its hold, and then nothing of the lot stays. The batch is locked for no longer than
 * its figures take to write.
 */
async function add(
  transaction: Transaction,
  { batchId, holder }: UploadHold,
  lot: Lot,
  suspects: Lot['recipients'],
): Promise<{ readonly recipients: number; readonly isDue: boolean }> {
  const [before] = await transaction.query<Before>(
    `SELECT recipients, refused, ${IS_FILLED} AS filled, holder = $2 AS held, ${BY_KEY}
     FROM upload JOIN batch ON batch.id = batch_id WHERE batch_id = $1`,
    [batchId, holder],
  )
  if (before?.filled !== true) throw new Refused('closed')
  if (before.held !== true) throw new Refused('superseded')
  const known = await knownOf(transaction, batchId, suspects)
  const fresh = lot.recipients.filter(({ mailbox }) => !known.has(mailbox.normalised))
  if (fresh.length > 0) {
    await transaction.copy(
      'COPY recipient (batch_id, seq, address, address_norm, variables, headers) FROM STDIN',
      copyText(batchId, before.recipients, fresh),
    )
    await tallyPending(transaction, batchId, before.recipients, fresh.length)
  }
  const duplicates = lot.rows - lot.refusedCount - fresh.length
  const [batch] = await transaction.query<{ state: BatchState; recipients: number }>(
    `UPDATE batch SET recipients = recipients + $2, duplicates = duplicates + $3, updated_at = now()
     WHERE id = $1 AND ${IS_FILLED} RETURNING state, recipients`,
    [batchId, fresh.length, duplicates],
  )
  if (batch === undefined) throw new Refused('closed')
  const isSent = batch.state !== 'open' && fresh.length > 0
  if (isSent) await appendChunks(transaction, batchId, batch.recipients, batch.state === 'paused')
  await record(transaction, { batchId, holder }, lot, REFUSED_KEPT - before.refused)
  return { recipients: fresh.length, isDue: isSent && batch.state !== 'paused' }
}

/** Until the transaction ends. A plan that was made and kept while the table was small would read all of it for each lot. */
export const BY_KEY = `set_config('enable_seqscan', 'off', true)`

/** Each is asked for by itself: compared with all of them at once, the batch might be read whole. */
export const KNOWN_ADDRESSES = `SELECT given AS address FROM unnest($2::text[]) AS given
  WHERE (SELECT true FROM recipient WHERE batch_id = $1 AND address_norm = given LIMIT 1)`

async function knownOf(
  transaction: Queryable,
  batchId: string,
  suspects: readonly LotRecipient[],
): Promise<ReadonlySet<string>> {
  if (suspects.length === 0) return new Set()
  const known = await transaction.query<{ address: string }>(KNOWN_ADDRESSES, [
    batchId,
    suspects.map(({ mailbox }) => mailbox.normalised),
  ])
  return new Set(known.map(({ address }) => address))
}

async function record(
  transaction: Queryable,
  { batchId, holder }: Pick<UploadHold, 'batchId' | 'holder'>,
  lot: Lot,
  refusedLeft: number,
): Promise<void> {
  const held = await transaction.query(
    `WITH held AS (
       UPDATE upload SET rows = rows + $3, refused = refused + $4 WHERE batch_id = $1 AND holder = $2 AND rows = $5
       RETURNING batch_id)
     INSERT INTO upload_part (batch_id, first_row, rows, digest) SELECT batch_id, $5, $3, $6 FROM held RETURNING rows`,
    [batchId, holder, lot.rows, lot.refusedCount, lot.firstRow, lot.digest],
  )
  if (held.length === 0) throw new Refused('superseded')
  const refused = lot.refused.slice(0, Math.max(0, refusedLeft))
  if (refused.length > 0)
    await transaction.query(
      `INSERT INTO refused_recipient (batch_id, row, errors)
       SELECT $1, row, errors FROM jsonb_to_recordset($2::jsonb) AS refused (row integer, errors jsonb)`,
      [batchId, JSON.stringify(refused)],
    )
}
