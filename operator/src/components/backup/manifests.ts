/** The CronJobs and Jobs of backups: the worker's image with another command, and credentials of their own. */
import type { BackupWish } from './wish.ts'
import type { CronJobManifest, JobManifest, Raw } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { V1JobSpec } from '@kubernetes/client-node'
import { jobOf, type JobCommand } from '../../../../crds/jobs/index.ts'
import { CronJob } from '../../vocabulary/kinds.ts'
import { childName, labels } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { jobPlacement, placed, podMetadata } from '../parts/placement.ts'
import { containerSecurityContext } from '../parts/podSecurity.ts'
import { podBase, PROGRAM, workerImage } from '../worker/manifests.ts'
import { childOf } from '../snapshot.ts'
import { environment } from './environment.ts'
import { sinceAnnotation } from './since.ts'
import { holdsRetention } from './standing.ts'
import { RETENTION_SCHEDULE } from './wish.ts'

const HOUR_S = 3_600

/** What one kind of run is. Its pods carry the name of their Job as component, which decides what they may reach. */
interface Kind {
  /** Where the name of the BatchSender leaves no room for the whole. */
  readonly shortName: string
  readonly command: JobCommand
  readonly deadlineSeconds: number
  readonly retries: number
}

const KINDS = {
  'backup-full': {
    shortName: 'backup-full',
    command: 'backup full',
    deadlineSeconds: 12 * HOUR_S,
    retries: 2,
  },
  'backup-incremental': {
    shortName: 'backup-incr',
    command: 'backup incremental',
    deadlineSeconds: HOUR_S,
    retries: 1,
  },
  'backup-verify': {
    shortName: 'backup-verify',
    command: 'verify',
    deadlineSeconds: 12 * HOUR_S,
    retries: 1,
  },
  'backup-retention': {
    shortName: 'backup-prune',
    command: 'retention',
    deadlineSeconds: HOUR_S,
    retries: 2,
  },
} as const satisfies Record<string, Kind>

export type RunKind = keyof typeof KINDS

/** A run that could not begin for this long is left out: the next one is near. */
const STARTING_DEADLINE_S = 600
const RESOURCES = { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } }
/** Of a Job made by hand or on demand. */
const KEPT_S = 86_400

/** Which runs a wish leads to, and when. */
export function schedulesOf(wish: BackupWish): Partial<Record<RunKind, string>> {
  return {
    'backup-full': wish.full,
    ...(wish.incremental !== undefined && { 'backup-incremental': wish.incremental }),
    ...(wish.verify !== undefined && { 'backup-verify': wish.verify }),
    ...(wish.retention && { 'backup-retention': RETENTION_SCHEDULE }),
  }
}

/** The name of a CronJob leaves room for the time that is put behind it for its Jobs. */
const MOST_CHARACTERS = 52

export function cronJobName(sender: Pick<Sender, 'name'>, kind: RunKind): string {
  const name = childName(sender, kind)
  return name.length > MOST_CHARACTERS ? childName(sender, KINDS[kind].shortName) : name
}

/** How long one attempt may take; milliseconds. */
export const deadlineMsOf = (kind: RunKind): number => KINDS[kind].deadlineSeconds * 1_000

export function cronJob(
  snapshot: Snapshot,
  wish: BackupWish,
  kind: RunKind,
  schedule: string,
): CronJobManifest {
  const { sender, now } = snapshot
  const component = jobOf(KINDS[kind].command)
  const { timeZone } = wish
  const name = cronJobName(sender, kind)
  const live = childOf<CronJobManifest>(snapshot, CronJob, name)
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      ...metadata(sender, component),
      name,
      annotations: sinceAnnotation(live, { schedule, timeZone }, now),
    },
    spec: {
      schedule,
      timeZone,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: STARTING_DEADLINE_S,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      // What could mend a loss is not removed while there is one.
      suspend: kind === 'backup-retention' && holdsRetention(snapshot, live?.spec.suspend === true),
      jobTemplate: {
        metadata: { labels: labels(sender, component) },
        spec: jobSpec(snapshot, wish, kind),
      },
    },
  }
}

/** A full backup out of turn. */
export function jobOnDemand(snapshot: Snapshot, wish: BackupWish, name: string): JobManifest {
  const spec = { ...jobSpec(snapshot, wish, 'backup-full'), ttlSecondsAfterFinished: KEPT_S }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata(snapshot.sender, 'backup'), name },
    spec,
  }
}

function jobSpec(snapshot: Snapshot, wish: BackupWish, name: RunKind): Raw<V1JobSpec> {
  const { sender, installation } = snapshot
  const { command, deadlineSeconds, retries } = KINDS[name]
  const component = jobOf(command)
  const placement = jobPlacement(sender.spec)
  return {
    backoffLimit: retries,
    // The program gives up a little earlier by itself, and says so.
    activeDeadlineSeconds: (deadlineSeconds + 60) * (retries + 1),
    template: {
      metadata: podMetadata(sender, component, placement),
      spec: {
        ...podBase(snapshot),
        ...placed(placement),
        restartPolicy: 'Never',
        containers: [
          {
            name: component,
            image: workerImage(snapshot),
            imagePullPolicy: installation.imagePullPolicy,
            command: ['node', PROGRAM, ...command.split(' ')],
            env: environment(snapshot, wish, component, deadlineSeconds),
            securityContext: containerSecurityContext,
            resources: wish.resources ?? RESOURCES,
          },
        ],
      },
    },
  }
}
