/** The connections to PostgreSQL. */
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import { openPools } from '../store/pools.ts'

export function openPostgres({ settings, tuning, log }: Context): Pools & Part {
  return openPools(
    {
      url: settings.postgresUrl,
      caFile: settings.postgresCaFile,
      applicationName: 'batchsender-worker',
      onIdleError: (error) => {
        log.warn({ err: error }, 'a connection to PostgreSQL was lost')
      },
    },
    tuning.readMs,
  )
}
