/** Runs one Job of crds/jobs, and leaves a report of how it ended. */
import { writeFile } from 'node:fs/promises'
import type { Environment } from '../../../crds/environment.ts'
import type { FailureReport, JobReport } from '../../../crds/jobReports.ts'
import type { JobCommand, JobName, JobOf, JobResult, JobSettings } from '../../../crds/jobs/index.ts'
import type { Logger } from '../log.ts'
import { parseJobSettings } from '../../../crds/jobSettings.ts'
import { jobOf } from '../../../crds/jobs/index.ts'
import { openLog } from '../log.ts'
import { backup } from './backup.ts'
import { instantOf } from '../../../crds/instant.ts'
import { retention } from './retention.ts'
import { VerificationFailed, verify } from './verify.ts'
import { firstLine } from '../../../crds/firstLine.ts'

const MOST_CHARACTERS = 900

type Work<Name extends JobName> = (
  settings: JobSettings<Name>,
  log: Logger,
  signal: AbortSignal,
) => Promise<JobResult<Name>>

/** How each is carried out. */
const WORK: { readonly [Command in JobCommand]: Work<JobOf<Command>> } = {
  'backup full': (settings, log, signal) => backup('full', settings, log, signal),
  'backup incremental': (settings, log, signal) => backup('incremental', settings, log, signal),
  verify,
  retention,
}

/** @param ended ends it early. @returns whether it went well */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- pairs settings and work of one Job
export async function runJob<Command extends JobCommand>(
  command: Command,
  environment: Environment,
  ended: AbortSignal,
): Promise<boolean> {
  const name = jobOf(command)
  const settings = parseJobSettings(name, environment)
  const log = openLog(settings.logLevel ?? 'info', settings.runName)
  const stop = AbortSignal.any([AbortSignal.timeout(settings.deadlineSeconds * 1000), ended])
  const file = environment['TERMINATION_LOG'] ?? '/dev/termination-log'
  try {
    // Whatever hangs is left behind: the program ends with its report.
    const report: JobReport = await Promise.race([WORK[command](settings, log, stop), aborted(stop)])
    log.info(report, `${name} done`)
    await writeFile(file, JSON.stringify(report))
    return true
  } catch (error) {
    const report = failureOf(name, stop.aborted ? new Error('it was ended before it was done') : error)
    log.error(report, `${name} failed`)
    await writeFile(file, JSON.stringify(report))
    return false
  }
}

function aborted(stop: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    stop.addEventListener('abort', () => {
      reject(new Error('aborted'))
    })
  })
}

function failureOf(job: JobName, error: unknown): FailureReport {
  const line = error instanceof Error ? firstLine(error.message) : ''
  return {
    job,
    failedAt: instantOf(new Date()),
    ...(error instanceof VerificationFailed && { backup: error.backup }),
    error: line === '' ? 'unknown' : line.slice(0, MOST_CHARACTERS),
  }
}
