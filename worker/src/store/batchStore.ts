/** Batches as the API sees them: accepted once for each key, in the one transaction that also wakes the senders. */
import type { BatchStore } from '../http/ports.ts'
import type { Database } from './database.ts'
import { listBatches } from './batchList.ts'
import { commandBatch, findBatch, insertBatch } from './batches.ts'
import { claimKey, storeAnswer } from './idempotency.ts'
import { listRecipients } from './recipients.ts'
import { retryFailed } from './retries.ts'

/** @param onDue called after something became due */
export function batchStore(database: Database, onDue: () => void): BatchStore {
  return {
    accept: async (key, batch, answerOf) => {
      const accepted = await database.transaction(async (transaction) => {
        const claim = await claimKey(transaction, key)
        if (claim.kind === 'stored') return { answer: claim.answer }
        if (claim.kind !== 'new') return { refused: claim.kind }
        const answer = answerOf(await insertBatch(transaction, batch))
        await storeAnswer(transaction, key, answer)
        return { answer }
      })
      onDue()
      return accepted
    },
    find: (id) => findBatch(database, id),
    list: (page) => listBatches(database, page),
    recipients: (id, page) => listRecipients(database, id, page),
    command: async (id, command) => {
      const applied = await database.transaction((transaction) => commandBatch(transaction, id, command))
      onDue()
      return applied
    },
    retryFailed: async (id) => {
      const retried = await database.transaction((transaction) => retryFailed(transaction, id))
      onDue()
      return retried
    },
  }
}
