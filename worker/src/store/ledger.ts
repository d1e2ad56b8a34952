/** The ledger of sending in PostgreSQL: claims are leases in rows, results are fenced by attempt and holder. */
import { DatabaseError } from 'pg'
import type { ChunkRef, Claimed, Content, Ledger, Work } from '../sending/ports.ts'
import type { BatchState } from '../domain/batchState.ts'
import type { OnUncertain } from '../domain/retryClasses.ts'
import type { Database, Queryable } from './database.ts'
import type { Claims } from './claims.ts'
import type { Continuity } from './continuity.ts'
import type { Contradicted } from './contradictions.ts'
import { claimDue } from './claims.ts'
import { ServerChanged } from './continuity.ts'
import { contentCache } from './contentCache.ts'
import { readContent } from './contents.ts'
import { countFailure } from './deadLetters.ts'
import { failBatch } from './endings.ts'
import { LostClaims } from './lostClaims.ts'
import { pauseBatch, REFUSALS_ACCEPTED, RESUMED } from './pauses.ts'
import { recordResults } from './recordResults.ts'
import { holdForgotten, judgeExpired } from './results.ts'
import { settle } from './settle.ts'
import { serverOf } from './witnesses.ts'

export interface LedgerOptions {
  /** Unique to this process, not only to its pod: a restarted one must not inherit leases. */
  readonly worker: string
  readonly leaseMs: number
  /** How long a statement that claims may take in the server: less than is waited for it here. */
  readonly claimMs?: number
  readonly provider: string
  /** What becomes of those in doubt, asked each time. */
  readonly onUncertain: () => Promise<OnUncertain>
  /** How long the provider tells a repeated mail from another; undefined when it never does. */
  readonly repeatableMs: number | undefined
  /** Failures of a chunk before it is put aside. */
  readonly deadAfter: number
  /** Whether events are kept for ClickHouse. */
  readonly events: boolean
  /** Whether the server is still the one that knows what was claimed. */
  readonly continuity?: Continuity
  /** Told of mails that went although something else had been said of them. */
  readonly onContradiction?: (recipients: readonly Contradicted[]) => void
}

interface Opened {
  readonly retries: number
  readonly first_seq: number
  readonly last_seq: number
  readonly state: BatchState
  readonly recipients: number
  /** It ends, and nobody of it is claimed. */
  readonly failing: boolean
  readonly resumed: string | null
  readonly accepted: readonly string[]
  readonly express: boolean
}

const CLAIM_MS = 20_000
/** Leases that would be over soon are not worth beginning with. */
const LEAST_OF_LEASE = 1 / 3
/** What a server was asked and has not answered is over by then. */
const REMEMBER_LOST_MS = 120_000
/** Plans that were made beside batches of so many recipients, or of a quarter of what one has, do for it. */
const PLANNED_FOR = 1_000
const GROWTH = 4

export function ledger(database: Database, options: LedgerOptions): Ledger {
  const contents = contentCache((batchId) => readContent(database, batchId))
  const { worker, leaseMs } = options
  const lost = new LostClaims(database, options, Math.max(REMEMBER_LOST_MS, 2 * leaseMs))
  let claims = 0
  let plannedFor = PLANNED_FOR
  const planFor = (recipients: number) => {
    if (recipients <= GROWTH * plannedFor) return
    plannedFor = recipients
    database.planAnew()
  }
  return {
    begin: async (ref) => {
      const opened = await open(database, ref, leaseMs)
      await lost.giveBack()
      await judgeExpired(database, ref, options)
      if (opened === undefined) return undefined
      planFor(opened.recipients)
      await holdForgotten(database, ref, options)
      if (opened.state !== 'running' || opened.failing) return undefined
      return workOf(ref, opened, await contents(ref.batchId))
    },
    claim: (work, limit) => {
      claims += 1
      return claim(database, work, { ...options, limit, holder: `${worker}#${claims}`, lost })
    },
    record: async (results) => {
      const written = await recordResults(database, results, options)
      options.continuity?.recorded(results)
      return written
    },
    renew: (ref) => renew(database, ref, { worker, leaseMs, lost: lost.holders }),
    settle: (ref) => settle(database, ref),
    failed: (ref, kind) => countFailure(database, ref, kind, options.deadAfter),
    failBatch: (work, retryClass, code) => failBatch(database, work, retryClass, code),
    pauseBatch: (work, refusal) => pauseBatch(database, work, refusal),
  }
}

function workOf(ref: ChunkRef, opened: Opened, content: Content): Work {
  const { first_seq: firstSeq, last_seq: lastSeq, retries: run, resumed, ...rest } = opened
  const { recipients, accepted, express } = rest
  return {
    ...ref,
    firstSeq,
    lastSeq,
    run,
    resumed: resumed ?? undefined,
    recipients,
    accepted,
    express,
    content,
  }
}

/** One that is being filled has more to come than the one it may have. */
const RECIPIENTS = `CASE WHEN batch.filling THEN GREATEST(2, batch.recipients) ELSE batch.recipients END`

/**
 * The first worker to open a chunk starts the batch; in a statement of its own, since whoever cancels a batch locks it
 * before its chunks.
 */
async function open(database: Queryable, ref: ChunkRef, leaseMs: number): Promise<Opened | undefined> {
  const [opened] = await database.query<Opened>(
    `UPDATE chunk SET published_at = NULL, due_at = clock_timestamp() + make_interval(secs => $3)
     FROM batch WHERE batch.id = $1 AND batch_id = $1 AND number = $2 AND NOT done AND dead_at IS NULL
       AND batch.state <> 'paused'
     RETURNING first_seq, last_seq, batch.state, batch.retries, ${RECIPIENTS} AS recipients, chunk.express IS NOT NULL AS express,
       batch.error_class IS NOT NULL AS failing, ${RESUMED} AS resumed, ${REFUSALS_ACCEPTED} AS accepted`,
    [ref.batchId, ref.chunk, leaseMs / 1_000],
  )
  if (opened?.state !== 'accepted') return opened
  const started = await database.query(
    `UPDATE batch SET state = 'running', updated_at = now() WHERE id = $1 AND state = 'accepted' RETURNING id`,
    [ref.batchId],
  )
  if (started.length > 0) return { ...opened, state: 'running' }
  const [batch] = await database.query<Pick<Opened, 'state'>>('SELECT state FROM batch WHERE id = $1', [
    ref.batchId,
  ])
  return batch && { ...opened, state: batch.state }
}

interface ClaimOptions extends LedgerOptions {
  readonly limit: number
  readonly holder: string
  readonly lost: LostClaims
}

async function claim(database: Database, work: Work, options: ClaimOptions): Promise<readonly Claimed[]> {
  const { continuity } = options
  if (continuity === undefined) return claimOf(undefined, database, work, options)
  const server = await continuity.settled()
  if (server === undefined) return []
  try {
    const claimed = await claimOf(server, database, work, options)
    continuity.claimed(claimed)
    return claimed
  } catch (error) {
    if (error instanceof ServerChanged) continuity.changed(server)
    throw error
  }
}

async function claimOf(
  server: string | undefined,
  database: Database,
  work: Work,
  options: ClaimOptions,
): Promise<readonly Claimed[]> {
  const { leaseMs, holder, lost } = options
  try {
    const { claimed, leftMs } = await claimAt(server, database, work, options)
    if (leftMs > leaseMs * LEAST_OF_LEASE) return claimed
  } catch (error) {
    if (!wasUndone(error)) await lost.add(holder, work)
    throw error
  }
  await lost.add(holder, work)
  return []
}

/** @returns the claims with what is left of their lease after the commit, which may take long, too. */
async function claimAt(
  server: string | undefined,
  database: Database,
  work: Work,
  options: ClaimOptions,
): Promise<Claims> {
  let answeredAtMs = 0
  const { claimed, leftMs } = await database.transaction(
    async (transaction) => {
      const claims = await claimDue(transaction, work, { ...options, server })
      answeredAtMs = performance.now()
      // None may be due, or the server be another.
      if (server !== undefined && claims.claimed.length === 0 && (await serverOf(transaction)) !== server)
        throw new ServerChanged()
      return claims
    },
    { statementMs: options.claimMs ?? CLAIM_MS, isDurable: true },
  )
  return { claimed, leftMs: leftMs - (performance.now() - answeredAtMs) }
}

/** The server said itself that it carried out nothing: query_canceled, lock_not_available; or we saw another server. */
const wasUndone = (error: unknown): boolean =>
  error instanceof ServerChanged ||
  (error instanceof DatabaseError && (error.code === '57014' || error.code === '55P03'))

async function renew(
  database: Queryable,
  ref: ChunkRef,
  { worker, leaseMs, lost }: { worker: string; leaseMs: number; lost: readonly string[] },
): Promise<void> {
  await database.query(
    `WITH kept AS (
       UPDATE chunk SET due_at = clock_timestamp() + make_interval(secs => $4)
       WHERE batch_id = $1 AND number = $2 AND NOT done RETURNING first_seq, last_seq)
     UPDATE recipient SET lease_until = clock_timestamp() + make_interval(secs => $4)
     FROM kept WHERE batch_id = $1 AND seq BETWEEN first_seq AND last_seq
       AND state = 'sending' AND starts_with(worker, $3 || '#') AND worker <> ALL($5)`,
    [ref.batchId, ref.chunk, worker, leaseMs / 1_000, lost],
  )
}
