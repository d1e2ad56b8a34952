/**
 * The migration of the database: which there is to be, how far it is, and which were. What was migrated stands in the
 * status, so that a Job that is cleaned away is not done again.
 */
import type { BatchSenderStatus } from '../../../../crds/schema/status.ts'
import type { Desired } from '../desired.ts'
import type { JobManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { MigrationFault } from '../../../../crds/migrationFault.ts'
import { hasKey } from '../parts/secretKeys.ts'
import { COMPONENT } from '../../vocabulary/labels.ts'
import { Job } from '../../vocabulary/kinds.ts'
import { childName } from '../parts/labels.ts'
import { templateHash } from '../parts/templateHash.ts'
import { migrationJob, SUBJECT } from './migrationJob.ts'
import { workerImage } from './manifests.ts'

/** A failed migration is given up after this long and tried again with a new Job. */
const RETRY_FAILED_MIGRATION_MS = 60_000

export type Migration =
  | { readonly state: 'absent' | 'done' }
  /** @property fault what the last attempt that failed said of it */
  | { readonly state: 'running'; readonly failures: number; readonly fault?: MigrationFault }
  | {
      readonly state: 'failed'
      readonly message: string
      readonly retryInMs: number
      readonly fault?: MigrationFault
    }

export function migrationOf(snapshot: Snapshot): Migration {
  if (isRemembered(snapshot) || finished(snapshot).length > 0) return { state: 'done' }
  const job = presentJob(snapshot)
  if (!job) return { state: 'absent' }
  const failed = endOf(job, 'Failed')
  const fault = faultOf(snapshot, job)
  if (!failed) return { state: 'running', failures: job.status?.failed ?? 0, ...fault }
  const failedAt = new Date(failed.lastTransitionTime ?? snapshot.now)
  return {
    state: 'failed',
    message: failed.message ?? 'see the logs of its pods',
    retryInMs: failedAt.getTime() + RETRY_FAILED_MIGRATION_MS - snapshot.now.getTime(),
    ...fault,
  }
}

function faultOf({ troubles }: Snapshot, { metadata }: JobManifest): { readonly fault?: MigrationFault } {
  const words = troubles.find(({ lastWords }) => lastWords?.job === metadata.name)?.lastWords
  return words ? { fault: words.fault } : {}
}

/** The key of the Secret whose address the migration uses. */
export function migrationKey({ sender, references }: Snapshot): 'url' | 'directUrl' {
  const facts = references.get(sender.spec.postgres.credentialsSecretRef.name)
  return hasKey(facts, 'directUrl') ? 'directUrl' : 'url'
}

/**
 * A Job is made once and never applied again, since hardly anything of one can be changed; what was asked for otherwise
 * is another Job. A finished one is left for its logs.
 */
export function migrationSteps(snapshot: Snapshot): readonly Desired[] {
  const migration = migrationOf(snapshot)
  if (migration.state === 'done') return removed(snapshot, finished(snapshot), 'not needed any more')
  const present = presentJob(snapshot)
  if (present && migration.state === 'failed' && migration.retryInMs <= 0)
    return removed(snapshot, [], 'failed, to be tried again')
  const others = removed(snapshot, present ? [present] : [], 'for another image, database or spec')
  if (present) return others
  return [...others, { type: 'object', resource: Job, object: migrationJob(snapshot, wish(snapshot)) }]
}

/** What the status says of migrations after this pass. */
export function migrationMemory(snapshot: Snapshot): Pick<BatchSenderStatus, 'migration'> {
  const { sender } = snapshot
  const last = sender.status.migration
  const isJudged = sender.specFaults.length === 0 && databaseOf(snapshot) !== undefined
  const migration = isJudged && migrationOf(snapshot).state === 'done' ? { of: subjectOf(snapshot) } : last
  return migration ? { migration } : {}
}

/** What a migration is about: the same image and the same database need it once. */
function subjectOf(snapshot: Snapshot): string {
  const parts = [{ image: workerImage(snapshot) }, { database: databaseOf(snapshot) }]
  return parts.map((part) => templateHash(part)).join('-')
}

/** Tells a change of the address, without telling what it is. */
function databaseOf(snapshot: Snapshot): string | undefined {
  return printsOf(snapshot)?.['url']
}

function printsOf({ sender, references }: Snapshot): Readonly<Record<string, string>> | undefined {
  const facts = references.get(sender.spec.postgres.credentialsSecretRef.name)
  return facts?.found ? facts.fingerprints : undefined
}

/** The name carries all that a Job cannot change, and the addresses that its pods read once. */
function wish(snapshot: Snapshot): { readonly name: string; readonly subject: string } {
  const subject = subjectOf(snapshot)
  const { spec } = migrationJob(snapshot, { name: '', subject })
  const { url, directUrl } = printsOf(snapshot) ?? {}
  const hash = templateHash({ subject, spec, url, directUrl })
  return { subject, name: `${childName(snapshot.sender, 'migrate')}-${hash.slice(0, 10)}` }
}

function isRemembered(snapshot: Snapshot): boolean {
  return snapshot.sender.status.migration?.of === subjectOf(snapshot)
}

function jobs({ children }: Snapshot): readonly JobManifest[] {
  return [...children.values()].filter(isMigration)
}

function isMigration(child: KubernetesObject): child is JobManifest {
  return child.kind === 'Job' && child.metadata.labels?.[COMPONENT] === 'migration'
}

const isAbout = (job: JobManifest, subject: string) => job.metadata.annotations?.[SUBJECT] === subject

function endOf({ status }: JobManifest, type: 'Complete' | 'Failed') {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')
}

function finished(snapshot: Snapshot): readonly JobManifest[] {
  const subject = subjectOf(snapshot)
  return jobs(snapshot).filter((job) => isAbout(job, subject) && endOf(job, 'Complete') !== undefined)
}

/** The one that is wanted, or one for the same end that has a pod at work: it may finish. */
function presentJob(snapshot: Snapshot): JobManifest | undefined {
  const all = jobs(snapshot)
  if (all.length === 0) return undefined
  const { name, subject } = wish(snapshot)
  return (
    all.find(({ metadata }) => metadata.name === name) ??
    all.find((job) => isAbout(job, subject) && (job.status?.ready ?? 0) > 0)
  )
}

function removed(snapshot: Snapshot, kept: readonly JobManifest[], reason: string): readonly Desired[] {
  return jobs(snapshot)
    .filter((job) => !kept.includes(job))
    .map(({ metadata: { name } }) => ({ type: 'absent', resource: Job, name, reason }))
}
