/** What is kept for a while goes when it is over, by one worker at a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventsOptions } from './serveEvents.ts'
import { deleteOldAudit } from './store/audit.ts'
import { deleteExpiredAnswers } from './store/idempotency.ts'
import { releaseLease, takeLease } from './store/lease.ts'

const EVERY_MS = 600_000
const LEASE = 'housekeeping'
const LEASE_SECONDS = 60

/** Resolves when told to stop. */
export async function openHousekeeping(options: EventsOptions): Promise<void> {
  const { database, worker, stopping, log, settings } = options
  for (;;) {
    await sleep(EVERY_MS * (0.5 + Math.random()), undefined, { signal: stopping }).catch(() => undefined)
    if (stopping.aborted) return
    try {
      if (!(await takeLease(database, LEASE, worker, LEASE_SECONDS))) continue
      await deleteExpiredAnswers(database)
      await deleteOldAudit(database, settings.clickhouseUrl !== undefined)
      await releaseLease(database, LEASE, worker)
    } catch (error) {
      log.warn({ err: error }, 'what is over stays in the database')
    }
  }
}
