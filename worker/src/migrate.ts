/** `migrate [up | down N]`: the only way the schema changes. */
import type { MigrationSettings } from '../../crds/migrationSettings.ts'
import type { Logger } from './log.ts'
import { openDatabase } from './store/database.ts'
import { knownMigrations, migrate } from './store/migrations.ts'

/** @param args `[]`, `['up']` or `['down', 'N']`, where N is the version to go down to */
export async function runMigrate(
  { postgresUrl, postgresCaFile }: MigrationSettings,
  log: Logger,
  args: readonly string[],
): Promise<void> {
  const [way = 'up', version] = args
  if (way !== 'up' && (way !== 'down' || version === undefined || !/^\d+$/.test(version))) {
    throw new Error('usage: migrate [up | down VERSION]')
  }
  const migrations = await knownMigrations()
  const database = openDatabase({
    url: postgresUrl,
    caFile: postgresCaFile,
    connections: 1,
    applicationName: 'batchsender-migrate',
    // An index on a large table takes minutes, and the Job that runs this has a deadline of its own.
    queryMs: 0,
    onIdleError: () => undefined,
  })
  try {
    const target = way === 'down' ? Number(version) : (migrations.at(-1)?.version ?? 0)
    const steps = await migrate(database, migrations, way, target, (error) => {
      log.info({ err: error }, 'something is in the way: trying again')
    })
    log.info({ steps }, steps.length === 0 ? 'the schema is as it should be' : 'the schema was migrated')
  } finally {
    await database.close()
  }
}
