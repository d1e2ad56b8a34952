/** Batches as the API sees them: accepted once for each key, in the one transaction that also wakes the senders. */
import type { BatchStore } from '../http/ports.ts'
import type { Database, Queryable } from './database.ts'
import { recordAudit } from './audit.ts'
import { listBatches } from './batchList.ts'
import { commandBatch, findBatch, insertBatch } from './batches.ts'
import { endWaiting } from './endings.ts'
import { claimKey, storeAnswer } from './idempotency.ts'
import { findAddress, findRecipient, listRecipients } from './recipients.ts'
import { resolveUncertain } from './resolutions.ts'
import { retryFailed } from './retries.ts'

export interface BatchStoreOptions {
  /** Called after something became due. */
  readonly onDue: () => void
  /** Whether they are kept for ClickHouse. */
  readonly events: boolean
  /** What reads go through; the database itself when left out. */
  readonly reads?: Queryable
}

export function batchStore(
  database: Database,
  { onDue, events, reads = database }: BatchStoreOptions,
): BatchStore {
  return {
    accept: async (key, batch, answerOf, auditOf) => {
      const accepted = await database.transaction(async (transaction) => {
        const claim = await claimKey(transaction, key)
        if (claim.kind === 'stored') return { answer: claim.answer }
        if (claim.kind !== 'new') return { refused: claim.kind }
        const id = await insertBatch(transaction, batch)
        const answer = answerOf(id)
        await storeAnswer(transaction, key, answer)
        await recordAudit(transaction, [auditOf(id)])
        return { answer }
      })
      onDue()
      return accepted
    },
    find: (id) => findBatch(reads, id),
    findToCommand: (id) => findBatch(database, id),
    list: (page) => listBatches(reads, page),
    recipients: (id, page) => listRecipients(reads, id, page),
    recipient: (id, seq) => findRecipient(reads, id, seq),
    address: (page) => findAddress(reads, page),
    command: async (id, command, audit) => {
      const applied = await database.transaction(async (transaction) => {
        const isApplied = await commandBatch(transaction, id, command)
        if (isApplied) await recordAudit(transaction, [audit])
        return isApplied
      })
      if (applied && command === 'cancel') await endWaiting(database, id)
      onDue()
      return applied
    },
    retryFailed: async (id, filter, auditOf) => {
      const retried = await database.transaction(async (transaction) => {
        const count = await retryFailed(transaction, id, filter)
        if (count !== undefined) await recordAudit(transaction, [auditOf(count)])
        return count
      })
      onDue()
      return retried
    },
    resolve: async (id, wanted, auditOf) => {
      const resolved = await database.transaction(async (transaction) => {
        const count = await resolveUncertain(transaction, { ...wanted, batchId: id, events })
        if (count !== undefined) await recordAudit(transaction, [auditOf(count)])
        return count
      })
      onDue()
      return resolved
    },
  }
}
