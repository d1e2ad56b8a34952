/** What is kept for a while goes when it is over, by one worker at a time. */
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import { repeat } from '../runtime/repeat.ts'
import { deleteOldAudit } from '../store/audit.ts'
import { deleteExpiredAnswers } from '../store/idempotency.ts'
import { releaseLease, takeLease } from '../store/lease.ts'

const EVERY_MS = 600_000
const LEASE = 'housekeeping'
const LEASE_SECONDS = 60

export function openHousekeeping(
  { worker, stopping, log, settings }: Context,
  { pools }: { readonly pools: Pick<Pools, 'service'> },
): Part {
  const { service: database } = pools
  return repeat({
    everyMs: EVERY_MS,
    jitter: [0.5, 1.5],
    pausesFirst: true,
    stopping,
    isMine: () => takeLease(database, LEASE, worker, LEASE_SECONDS),
    work: async () => {
      await deleteExpiredAnswers(database)
      await deleteOldAudit(database, settings.clickhouseUrl !== undefined)
      await releaseLease(database, LEASE, worker)
    },
    onError: (error) => {
      log.warn({ err: error }, 'what is over stays in the database')
    },
  })
}
