/** The limits on requests, put together, and the cleaning up after them. */
import type { WorkerSettings } from '../../crds/workerSettings.ts'
import type { Limits } from './http/admission.ts'
import type { Logger } from './log.ts'
import type { Database } from './store/database.ts'
import { RequestLimit } from './http/requestLimit.ts'
import { allowanceLedger } from './store/allowances.ts'

const CLEAN_EVERY_MS = 60_000

export function openLimits(
  settings: WorkerSettings,
  database: Database,
  log: Logger,
): Limits & { close(): void } {
  const ledger = allowanceLedger(database)
  const limit = (name: string, budget: number) =>
    new RequestLimit({
      name,
      budget,
      ledger,
      onShared: (isShared, error) => {
        if (isShared) log.info({ limit: name }, 'request limits are shared between workers again')
        else log.warn({ err: error, limit: name }, 'request limits hold for this worker alone')
      },
    })
  const perIp = limit('ip', settings.rateLimitPerIp)
  const perToken = limit('token', settings.rateLimitPerToken)
  const timer = setInterval(() => {
    perIp.forgetEnded()
    perToken.forgetEnded()
    ledger.forgetEnded().catch((error: unknown) => {
      log.warn({ err: error }, 'ended allowances stay in the database')
    })
  }, CLEAN_EVERY_MS)
  timer.unref()
  return {
    perIp,
    perToken,
    close: () => {
      clearInterval(timer)
    },
  }
}
