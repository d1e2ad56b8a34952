/** The CronJobs and Jobs of backups: the worker's image with another command, and credentials of their own. */
import type { BackupWish } from './wish.ts'
import type { CronJobManifest, JobManifest, Raw } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { V1EnvVar, V1JobSpec } from '@kubernetes/client-node'
import { renderJobSettings } from '../../../../crds/jobSettings.ts'
import { variableOf } from '../../../../crds/environment.ts'
import { CronJob } from '../../vocabulary/kinds.ts'
import { childName, labels } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { hasKey } from '../parts/secretKeys.ts'
import { jobPlacement, placed, podMetadata } from '../parts/placement.ts'
import { containerSecurityContext } from '../parts/podSecurity.ts'
import { podBase, PROGRAM, workerImage } from '../worker/manifests.ts'
import { childOf } from '../snapshot.ts'
import { backupHistory } from './history.ts'
import { sinceAnnotation } from './since.ts'
import { holdsRetention, keptBackups } from './standing.ts'
import { RETENTION_SCHEDULE } from './wish.ts'

const HOUR_S = 3_600

/** What one kind of run is: its pods carry `component`, which decides what they may reach. */
interface Kind {
  /** Where the name of the BatchSender leaves no room for the whole. */
  readonly shortName: string
  readonly component: 'backup' | 'verify' | 'retention'
  readonly command: readonly string[]
  readonly deadlineSeconds: number
  readonly retries: number
}

const KINDS = {
  'backup-full': {
    shortName: 'backup-full',
    component: 'backup',
    command: ['backup', 'full'],
    deadlineSeconds: 12 * HOUR_S,
    retries: 2,
  },
  'backup-incremental': {
    shortName: 'backup-incr',
    component: 'backup',
    command: ['backup', 'incremental'],
    deadlineSeconds: HOUR_S,
    retries: 1,
  },
  'backup-verify': {
    shortName: 'backup-verify',
    component: 'verify',
    command: ['verify'],
    deadlineSeconds: 12 * HOUR_S,
    retries: 1,
  },
  'backup-retention': {
    shortName: 'backup-prune',
    component: 'retention',
    command: ['retention'],
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

export function cronJobName(sender: Sender, kind: RunKind): string {
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
  const { component } = KINDS[kind]
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
  const { component, command, deadlineSeconds, retries } = KINDS[name]
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
            command: ['node', PROGRAM, ...command],
            env: environment(snapshot, wish, KINDS[name]),
            securityContext: containerSecurityContext,
            resources: wish.resources ?? RESOURCES,
          },
        ],
      },
    },
  }
}

function environment(snapshot: Snapshot, wish: BackupWish, kind: Kind): Raw<V1EnvVar>[] {
  const common = { logLevel: 'info', deadlineSeconds: kind.deadlineSeconds } as const
  const runName = {
    name: variableOf('runName'),
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
  }
  const values = (settings: Parameters<typeof renderJobSettings>[0]) =>
    Object.entries(renderJobSettings(settings)).map(([name, value]) => ({ name, value }))
  if (kind.component === 'retention')
    return [runName, ...values({ ...common, ...bucket(wish), ...keep(snapshot) }), ...bucketKeys(wish)]
  const clickhouse = {
    clickhouseUrl: wish.access.url,
    clickhouseDatabase: wish.database,
    collection: wish.collection,
  }
  if (kind.component === 'verify')
    return [
      runName,
      ...values({ ...common, ...clickhouse }),
      ...credentials(snapshot, wish, 'verify', 'clickhouse'),
      ...privateCa(snapshot, wish),
    ]
  return [
    runName,
    ...values({ ...common, ...clickhouse, settleSeconds: SETTLE_S }),
    ...credentials(snapshot, wish, 'backup', 'clickhouse'),
    ...credentials(snapshot, wish, 'checksum', 'checksum'),
    ...privateCa(snapshot, wish),
  ]
}

/** The worker's inserts give up after half of this. */
const SETTLE_S = 60

/** The role's own keys where the Secret has them, the worker's otherwise. */
function credentials(
  { references }: Snapshot,
  { access }: BackupWish,
  role: 'backup' | 'checksum' | 'verify',
  setting: 'clickhouse' | 'checksum',
): Raw<V1EnvVar>[] {
  if (access.secret === undefined) return []
  const name = access.secret
  const prefix = hasKey(references.get(name), `${role}-username`) ? `${role}-` : ''
  return (['username', 'password'] as const).map((part) => ({
    name: `${setting}_${part}`.toUpperCase(),
    valueFrom: { secretKeyRef: { name, key: `${prefix}${part}` } },
  }))
}

function privateCa({ references }: Snapshot, { access: { secret: name } }: BackupWish): Raw<V1EnvVar>[] {
  if (name === undefined || !hasKey(references.get(name), 'ca.crt')) return []
  return [{ name: variableOf('clickhouseCa'), valueFrom: { secretKeyRef: { name, key: 'ca.crt' } } }]
}

function bucket({ retention }: BackupWish) {
  if (!retention) return {}
  const { endpoint, bucket: s3Bucket, region, prefix } = retention.bucket
  return {
    s3Endpoint: endpoint,
    s3Bucket,
    s3Region: region ?? 'us-east-1',
    ...(prefix !== undefined && { s3Prefix: prefix }),
    fullBackups: retention.fullBackups,
  }
}

function keep(snapshot: Snapshot) {
  const names = keptBackups(backupHistory(snapshot))
  return names.length === 0 ? {} : { keep: [...names] }
}

function bucketKeys({ retention }: BackupWish): Raw<V1EnvVar>[] {
  if (!retention) return []
  const { name } = retention.bucket.credentialsSecretRef
  return (['accessKey', 'secretKey'] as const).map((key) => ({
    name: `S3_${variableOf(key)}`,
    valueFrom: { secretKeyRef: { name, key } },
  }))
}
