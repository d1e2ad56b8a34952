/** `backup full | backup incremental | verify | retention`: runs one Job, and leaves a report of how it ended. */
import { writeFile } from 'node:fs/promises'
import type { FailureReport, JobReport } from '../../../crds/jobReports.ts'
import type { Logger } from '../log.ts'
import {
  parseBackupSettings,
  parseRetentionSettings,
  parseVerifySettings,
} from '../../../crds/jobSettings.ts'
import { openLog } from '../log.ts'
import { backup } from './backup.ts'
import { instant } from './instant.ts'
import { retention } from './retention.ts'
import { VerificationFailed, verify } from './verify.ts'

const MOST_CHARACTERS = 900

type Environment = Readonly<Record<string, string | undefined>>

interface Common {
  readonly runName: string
  readonly deadlineSeconds: number
  readonly logLevel?: string
}

interface Job<Settings extends Common> {
  readonly name: FailureReport['job']
  readonly parse: (environment: Environment) => Settings
  readonly run: (settings: Settings, log: Logger, signal: AbortSignal) => Promise<JobReport>
}

/** @param args such as `['backup', 'full']`. @param stop ends it early. @returns whether it went well */
export async function runJob(
  args: readonly string[],
  environment: Environment,
  stop: AbortSignal,
): Promise<boolean> {
  const [name, kind] = args
  if (name === 'backup' && (kind === 'full' || kind === 'incremental'))
    return carryOut(
      {
        name,
        parse: parseBackupSettings,
        run: (settings, log, signal) => backup(kind, settings, log, signal),
      },
      environment,
      stop,
    )
  if (name === 'verify') return carryOut({ name, parse: parseVerifySettings, run: verify }, environment, stop)
  if (name === 'retention')
    return carryOut({ name, parse: parseRetentionSettings, run: retention }, environment, stop)
  throw new Error('usage: backup full | backup incremental | verify | retention')
}

async function carryOut<Settings extends Common>(
  { name, parse, run }: Job<Settings>,
  environment: Environment,
  ended: AbortSignal,
): Promise<boolean> {
  const settings = parse(environment)
  const log = openLog(settings.logLevel ?? 'info', settings.runName)
  const stop = AbortSignal.any([AbortSignal.timeout(settings.deadlineSeconds * 1000), ended])
  const file = environment['TERMINATION_LOG'] ?? '/dev/termination-log'
  try {
    // Whatever hangs is left behind: the program ends with its report.
    const report = await Promise.race([run(settings, log, stop), aborted(stop)])
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

function failureOf(job: FailureReport['job'], error: unknown): FailureReport {
  const line = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
  return {
    job,
    failedAt: instant(new Date()),
    ...(error instanceof VerificationFailed && { backup: error.backup }),
    error: line === '' ? 'unknown' : line.slice(0, MOST_CHARACTERS),
  }
}
