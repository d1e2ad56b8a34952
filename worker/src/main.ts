/** The worker's program: `serve` (when nothing is said) or `migrate [up | down VERSION]`. */
import { openLog } from './log.ts'
import { runMigrate } from './migrate.ts'
import { serve } from './serve.ts'
import { readSettings } from './settings.ts'

const [command = 'serve', ...args] = process.argv.slice(2)

try {
  const settings = readSettings()
  const log = openLog(settings.worker.logLevel, settings.worker.workerName)
  if (command === 'serve') {
    const worker = await serve(settings, log)
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
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
  } else if (command === 'migrate') {
    await runMigrate(settings, log, args)
  } else {
    throw new Error('usage: main [serve | migrate [up | down VERSION]]')
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
