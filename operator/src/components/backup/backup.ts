/** Backups of ClickHouse: CronJobs that make, verify and remove them, and what they came to. */
import type { Verdict } from '../component.ts'
import type { Desired } from '../desired.ts'
import type { DesiredStatement } from '../wishes/statement.ts'
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { CronJobManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import type { BackupWish } from './wish.ts'
import type { RunKind } from './manifests.ts'
import { BACKUP_TABLES, createDatabase, createTable } from '../../../../crds/clickhouseTables.ts'
import { JOB_NAMES, type JobName } from '../../../../crds/jobs/index.ts'
import { CronJob, Job, Pod } from '../../vocabulary/kinds.ts'
import { component } from '../component.ts'
import { dependencies } from '../dependencies.ts'
import { idleRun } from './idle.ts'
import { childOf } from '../snapshot.ts'
import { backupFigures } from './figures.ts'
import { backupHistory } from './history.ts'
import { cronJob, cronJobName, deadlineMsOf, schedulesOf } from './manifests.ts'
import { archiveWish } from '../parts/clickhouse.ts'
import { lossOf, toldLoss } from '../parts/dataLoss.ts'
import { refusedLogin, type LoginRole } from '../parts/logins.ts'
import { missedAt } from './missed.ts'
import { onDemand } from './onDemand.ts'
import { scheduleFault } from './schedules.ts'
import { backupWish } from './wish.ts'
import { instantOf } from '../parts/instants.ts'

type BackupVerdict = Verdict<'BackupReady'>

interface Observed {
  readonly wish?: BackupWish
  readonly scheduleFault?: string
  readonly waitingFor?: string
  readonly history: BackupEvidence
  /** Rows that are gone, and what to do, in words. */
  readonly loss?: string
  /** Credentials that are refused, in words. */
  readonly refused?: string
  /** A run that no pod carries out, in words. */
  readonly idle?: string
  readonly missed?: string
  /** Who else keeps backups there. */
  readonly sharedWith: readonly string[]
}

const PARTS: readonly RunKind[] = ['backup-full', 'backup-incremental', 'backup-verify', 'backup-retention']

/** Nothing announces that a backup was missed. */
const LOOK_AGAIN_MS = 60_000

export const backup = component<'BackupReady', Observed>({
  name: 'backup',
  conditionType: 'BackupReady',
  owns: [CronJob, Job],
  prunes: [CronJob],
  reads: [Pod],
  figures: backupFigures,

  desired(snapshot) {
    const wish = backupWish(snapshot.sender)
    if (wish && (faultOf(wish) !== undefined || dependencies.verdict(snapshot).status !== 'True')) return []
    const schedules: Partial<Record<RunKind, string>> = wish ? schedulesOf(wish) : {}
    return PARTS.flatMap((part): Desired[] => {
      const schedule = schedules[part]
      const name = cronJobName(snapshot.sender, part)
      if (wish && schedule !== undefined)
        return [{ type: 'object', resource: CronJob, object: cronJob(snapshot, wish, part, schedule) }]
      const isThere = childOf(snapshot, CronJob, name) !== undefined
      return isThere ? [{ type: 'absent', resource: CronJob, name, reason: 'not asked for any more' }] : []
    }).concat(wish ? [...onDemand(snapshot, wish), ...missingTables(snapshot, wish)] : [])
  },

  observe(snapshot) {
    const wish = backupWish(snapshot.sender)
    const history = backupHistory(snapshot)
    const sharedWith = sharers(snapshot)
    if (!wish) return { history, sharedWith }
    const fault = faultOf(wish)
    if (fault !== undefined) return { wish, history, sharedWith, scheduleFault: fault }
    const waiting = waitingFor(snapshot, wish)
    const missed = missedBackup(snapshot, wish, history)
    const idle = idleRun(snapshot)
    const loss = lossOf(snapshot)
    const refused = refusedLogin(snapshot, 'BackupReady', rolesOf(snapshot))
    return {
      wish,
      ...(refused !== undefined && { refused }),
      history,
      ...(loss && { loss: toldLoss(loss, history.kept?.name) }),
      sharedWith,
      ...(waiting !== undefined && { waitingFor: waiting }),
      ...(idle !== undefined && { idle }),
      ...(missed !== undefined && { missed }),
    }
  },

  condition(observed): BackupVerdict {
    const { wish, scheduleFault: fault, loss, refused, waitingFor: waiting } = observed
    if (!wish) return { status: 'True', reason: 'NotConfigured', message: 'the spec asks for no backup' }
    if (fault !== undefined) return { status: 'False', reason: 'ScheduleUnknown', message: fault }
    if (loss !== undefined) return { status: 'False', reason: 'DataLost', message: loss }
    if (refused !== undefined) return { status: 'False', reason: 'CredentialsRefused', message: refused }
    if (waiting !== undefined)
      return { status: 'False', reason: 'Waiting', message: `waiting for ${waiting}` }
    return runsVerdict(observed, wish)
  },
})

/** What the runs came to. */
function runsVerdict({ history, idle, missed, sharedWith }: Observed, wish: BackupWish): BackupVerdict {
  const lookAgainMs = LOOK_AGAIN_MS
  const failed = (job: JobName) => history.failures?.find((failure) => failure.job === job)
  const failure = failed('backup')
  if (failure) return { status: 'False', reason: 'BackupFailed', message: failure.message, lookAgainMs }
  if (idle !== undefined) return { status: 'False', reason: 'NotStarted', message: idle, lookAgainMs }
  if (missed !== undefined) return { status: 'False', reason: 'BackupMissed', message: missed, lookAgainMs }
  if (sharedWith.length > 0) return shared(sharedWith, lookAgainMs)
  const leftover = failed('retention')
  if (leftover) return { status: 'False', reason: 'RetentionFailed', message: leftover.message, lookAgainMs }
  return { status: 'True', reason: 'Scheduled', message: told(wish), lookAgainMs }
}

/** Whose tables are not made, the archive tells where there is one. */
function rolesOf({ sender }: Snapshot): readonly LoginRole[] {
  const others: readonly LoginRole[] = ['backup', 'checksum', 'verify', 'retention']
  return archiveWish(sender) ? others : ['operator', ...others]
}

/** Only of its own namespace: somebody of another one who names a bucket that is not his must not turn what is not his. */
function sharers({ sender, shared: shares }: Snapshot): readonly string[] {
  return shares
    .filter(({ what, with: who }) => what === 'backup' && who.startsWith(`${sender.namespace}/`))
    .map((share) => share.with)
}

function shared(others: readonly string[], lookAgainMs: number): BackupVerdict {
  const more = others.length > 1 ? ` and ${others.length - 1} more` : ''
  return {
    status: 'False',
    reason: 'DestinationShared',
    message: `backups of ${others[0] ?? ''}${more} are kept at the same place or within it, and old ones are counted together: give each a place of its own`,
    lookAgainMs,
  }
}

function faultOf(wish: BackupWish): string | undefined {
  const schedules = Object.values(schedulesOf(wish))
  return schedules
    .map((schedule) => scheduleFault(schedule, wish.timeZone))
    .find((fault) => fault !== undefined)
}

function told({ full, incremental, timeZone }: BackupWish): string {
  const increments = incremental === undefined ? '' : `, increments at "${incremental}"`
  return `full backups at "${full}"${increments} (${timeZone})`
}

function waitingFor(snapshot: Snapshot, wish: BackupWish): string | undefined {
  if (dependencies.verdict(snapshot).status !== 'True') return 'the Secrets that the spec names'
  const seen = snapshot.evidence.clickhouse?.seen
  if (seen?.reached === true && missingTables(snapshot, wish).length > 0)
    return 'the tables for figures of rows'
  const parts = Object.keys(schedulesOf(wish)) as RunKind[]
  const missing = parts.filter((part) => !childOf(snapshot, CronJob, cronJobName(snapshot.sender, part)))
  return missing.length > 0 ? `the CronJobs ${missing.join(', ')}` : undefined
}

/** Made by the operator: nobody who makes backups may make tables. */
function missingTables(snapshot: Snapshot, wish: BackupWish): readonly DesiredStatement[] {
  const seen = snapshot.evidence.clickhouse?.seen
  // A restore needs room where the tables were.
  if (seen?.reached !== true || lossOf(snapshot) !== undefined) return []
  return BACKUP_TABLES.filter((table) => !seen.tables.some(({ name }) => name === table)).map((table) => ({
    type: 'statement',
    access: wish.access,
    subject: table,
    texts: [createDatabase(wish.database), createTable(wish.database, table)],
    reason: 'TableMissing',
    message: `${table} is missing`,
  }))
}

function missedBackup(snapshot: Snapshot, wish: BackupWish, history: BackupEvidence): string | undefined {
  const { sender, runs, now } = snapshot
  const missed = (part: RunKind, schedule: string, last: BackupEvidence['last']) => {
    const cronJob = childOf<CronJobManifest>(snapshot, CronJob, cronJobName(sender, part))
    const { timeZone } = wish
    return missedAt({ schedule, timeZone, cronJob, deadlineMs: deadlineMsOf(part), last, runs }, now)
  }
  const told = (what: string, due: Date | undefined) => due && `the ${what} of ${instantOf(due)} was not made`
  return (
    told('full backup', missed('backup-full', wish.full, history.lastFull)) ??
    told(
      'incremental backup',
      wish.incremental === undefined
        ? undefined
        : missed('backup-incremental', wish.incremental, history.last),
    )
  )
}

/** Component labels of the Jobs that report. */
export const REPORTING = JOB_NAMES
