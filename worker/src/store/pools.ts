/** The connections of one worker, divided by what they are for, so that nobody waits for those who may be slow. */
import type { Database, DatabaseOptions, Queryable } from './database.ts'
import { openDatabase } from './database.ts'
import { boundedReads } from './reads.ts'

/** How many connections each has; a worker never has more than their sum, which is 10. */
export const CONNECTIONS = {
  /** Claims, results, leases and their renewal, the rate, wake-ups. */
  sending: 4,
  /** Whatever else writes, and looks of our own: batches and commands, webhooks, limits, the way to ClickHouse. */
  service: 3,
  /** What is read for those who ask the API. */
  reads: 2,
  /** Readiness. */
  health: 1,
} as const

/** A server that does not answer a look for so long, or a dial, is not there: less than other workers wait for us. */
const HEALTH_MS = 10_000
const DIAL_MS = 5_000

export interface Pools {
  readonly sending: Database
  readonly service: Database
  readonly reads: Queryable
  readonly health: Database
  /** Of all of them together. */
  pool(): ReturnType<Database['pool']>
  close(): Promise<void>
}

/** @param readMs how long one read may take in the server */
export function openPools(
  options: Omit<DatabaseOptions, 'connections' | 'terms' | 'queryMs'>,
  readMs: number,
): Pools {
  const open = (
    name: keyof typeof CONNECTIONS,
    more: Pick<DatabaseOptions, 'terms' | 'queryMs' | 'connectMs'> = {},
  ) => openDatabase({ ...options, connections: CONNECTIONS[name], ...more })
  const sending = open('sending')
  const service = open('service', { terms: { isDurable: true } })
  const readers = open('reads', { terms: { statementMs: readMs } })
  const health = open('health', { queryMs: HEALTH_MS, connectMs: DIAL_MS })
  const all = [sending, service, readers, health]
  return {
    sending,
    service,
    reads: boundedReads(readers, { atOnce: CONNECTIONS.reads, waiting: 1_000, patienceMs: readMs }),
    health,
    pool: () => {
      const each = all.map((database) => database.pool())
      const sum = (of: keyof ReturnType<Database['pool']>) =>
        each.reduce((total, figures) => total + figures[of], 0)
      return { total: sum('total'), idle: sum('idle'), waiting: sum('waiting') }
    },
    close: async () => {
      await Promise.all(all.map((database) => database.close()))
    },
  }
}
