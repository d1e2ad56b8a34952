/** Answers kept under a client's key, so that a repeated request is answered, not repeated. */
import { createHash } from 'node:crypto'
import type { IdempotencyKey, StoredAnswer } from '../http/ports.ts'
import type { Queryable } from './database.ts'

export type Claim =
  | { readonly kind: 'new' }
  | { readonly kind: 'stored'; readonly answer: StoredAnswer }
  | { readonly kind: 'inFlight' }
  | { readonly kind: 'otherRequest' }

const KEPT = '24 hours'

/** Holds the key until the transaction ends; whoever comes meanwhile is told so instead of being made to wait. */
export async function claimKey(transaction: Queryable, claimed: IdempotencyKey): Promise<Claim> {
  const [lock] = await transaction.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_xact_lock($1) AS taken',
    [lockOf(claimed)],
  )
  if (lock?.taken !== true) return { kind: 'inFlight' }
  const [stored] = await transaction.query<StoredAnswer & { fingerprint: string }>(
    `SELECT fingerprint, status, location, body FROM idempotency
     WHERE user_id = $1 AND key = $2 AND created_at > now() - $3::interval`,
    [claimed.userId, claimed.key, KEPT],
  )
  if (stored === undefined) return { kind: 'new' }
  const { fingerprint, ...answer } = stored
  const isSame = fingerprint === claimed.fingerprint || fingerprint === claimed.formerFingerprint?.()
  return isSame ? { kind: 'stored', answer } : { kind: 'otherRequest' }
}

/** An expired answer under the same key makes room. */
export async function storeAnswer(
  transaction: Queryable,
  { userId, key, fingerprint }: IdempotencyKey,
  { status, location, body }: StoredAnswer,
): Promise<void> {
  await transaction.query(
    `INSERT INTO idempotency (user_id, key, fingerprint, status, location, body) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, status = EXCLUDED.status,
       location = EXCLUDED.location, body = EXCLUDED.body, created_at = now()`,
    [userId, key, fingerprint, status, location, body],
  )
}

export async function deleteExpiredAnswers(database: Queryable): Promise<void> {
  await database.query('DELETE FROM idempotency WHERE created_at < now() - $1::interval', [KEPT])
}

/** 64 bits of a hash: two keys that share them get a 409 at worst. */
function lockOf({ userId, key }: IdempotencyKey): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['idempotency', userId, key]))
    .digest()
  return hash.readBigInt64BE(0).toString()
}
