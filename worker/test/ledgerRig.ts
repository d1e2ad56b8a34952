/** A real PostgreSQL with the schema, and workers' ledgers on it without the workers. */
import type { Claimed, Ledger, Result } from '../src/sending/ports.ts'
import type { Priority } from '../src/domain/priority.ts'
import type { OnUncertain } from '../src/domain/retryClasses.ts'
import type { Database, DatabaseOptions } from '../src/store/database.ts'
import type { LedgerOptions } from '../src/store/ledger.ts'
import type { PostgresServer } from '../../hack/servers/postgres.ts'
import { startPostgres } from '../../hack/servers/postgres.ts'
import { verdictOf } from '../src/domain/retryClasses.ts'
import { insertBatch } from '../src/store/batches.ts'
import { openDatabase } from '../src/store/database.ts'
import { ledger } from '../src/store/ledger.ts'
import { knownMigrations, migrate } from '../src/store/migrations.ts'

export interface LedgerRig {
  readonly postgres: PostgresServer
  readonly database: Database
  /** Another way to the same server. */
  open(more?: Partial<DatabaseOptions>): Database
  workerNamed(worker: string, more?: Partial<LedgerOptions>, own?: Database): Ledger
  newBatch(count: number, prefix?: string, priority?: Priority): Promise<string>
  stop(): Promise<void>
}

export async function startLedgerRig(leaseMs: number): Promise<LedgerRig> {
  const postgres = await startPostgres()
  const opened: Database[] = []
  const open = (more: Partial<DatabaseOptions> = {}) => {
    const database = openDatabase({
      url: postgres.url,
      connections: 5,
      applicationName: 'test',
      onIdleError: () => undefined,
      ...more,
    })
    opened.push(database)
    return database
  }
  const database = open()
  const migrations = await knownMigrations()
  await migrate(database, migrations, 'up', migrations.at(-1)?.version ?? 0)
  return {
    postgres,
    database,
    open,
    workerNamed: (worker, more = {}, own = database) =>
      ledger(own, {
        worker,
        leaseMs,
        provider: 'smtp',
        onUncertain: () => Promise.resolve('Hold'),
        repeatableMs: undefined,
        deadAfter: 10,
        events: true,
        ...more,
      }),
    newBatch: (count, prefix = 'r', priority = 'bulk') =>
      database.transaction((transaction) =>
        insertBatch(transaction, {
          userId: 'u',
          from: 's@example.org',
          subject: 's',
          text: 't',
          html: undefined,
          recipients: Array.from({ length: count }, (_, seq) => ({
            mailbox: { address: `${prefix}${seq}@example.org`, normalised: `${prefix}${seq}@example.org` },
            variables: undefined,
          })),
          duplicates: 0,
          priority,
        }),
      ),
    stop: async () => {
      await Promise.all(opened.map((each) => each.close()))
      await postgres.stop()
    },
  }
}

export const resultOf = (
  claimed: Claimed,
  retryClass: Result['retryClass'],
  onUncertain: OnUncertain = 'Hold',
): Result => ({
  ...verdictOf({ retryClass, onUncertain, tries: claimed.tries, ageMs: claimed.ageMs, random: 0 }),
  claimed,
  retryClass,
  startedAt: new Date(),
  code: undefined,
  providerMessageId: undefined,
  reply: {},
})

export async function claimAll(worker: Ledger, batchId: string, chunk = 0): Promise<readonly Claimed[]> {
  const work = await worker.begin({ batchId, chunk })
  return work ? worker.claim(work, 100) : []
}
