/** The worker's program: `serve` (when nothing is said), `migrate [up | down VERSION]`, or a Job of crds/jobs. */
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { parseMigrationSettings } from '../../crds/migrationSettings.ts'
import { JOB_COMMANDS, jobCommand, type JobCommand } from '../../crds/jobs/index.ts'
import { runJob } from './jobs/run.ts'
import { openLog } from './log.ts'
import { runMigrate } from './migrate.ts'
import { migrationFault } from './migrationFault.ts'
import { serve } from './serve/serve.ts'
import { readSettings } from './settings.ts'
import { told } from './told.ts'

const [command = 'serve', ...args] = process.argv.slice(2)
const asked = jobCommand([command, ...args])

try {
  if (asked) await job(asked)
  else if (command === 'serve') await serveUntilTold()
  else if (command === 'migrate') await migrate()
  else throw new Error(`usage: main [serve | migrate [up | down VERSION] | ${JOB_COMMANDS.join(' | ')}]`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

async function job(asked: JobCommand): Promise<void> {
  const isGood = await runJob(asked, process.env, told)
  process.exit(isGood ? 0 : 1)
}

/** Outside of a pod there is nobody to leave a message for. */
async function migrate(): Promise<void> {
  // What is under way is a transaction, or an index that the next run builds anew.
  whenTold(() => {
    process.exit(1)
  })
  const settings = parseMigrationSettings(process.env)
  try {
    await runMigrate(settings, openLog(settings.logLevel, hostname()), args)
  } catch (error) {
    const file = process.env['TERMINATION_LOG'] ?? '/dev/termination-log'
    await writeFile(file, JSON.stringify(migrationFault(error)), { flag: 'r+' }).catch(() => undefined)
    throw error
  }
}

async function serveUntilTold(): Promise<void> {
  const settings = readSettings()
  const log = openLog(settings.worker.logLevel, settings.worker.workerName)
  // In the image nobody else prints them.
  process.on('warning', ({ name, message }) => {
    log.warn({ warning: name }, message)
  })
  const worker = await serve(settings, log)
  whenTold((signal) => {
    log.info({ signal }, 'stopping')
    worker.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'did not stop cleanly')
        process.exit(1)
      },
    )
  })
}

/** At once, where it was told before. */
function whenTold(stop: (signal: string) => void): void {
  const tell = () => {
    stop((told.reason as Error).message)
  }
  if (told.aborted) tell()
  else told.addEventListener('abort', tell, { once: true })
}
