/** The environment of the Jobs of backups: settings as text, secrets by reference. */
import type { V1EnvVar } from '@kubernetes/client-node'
import type { JobName, JobSettings } from '../../../../crds/jobs/index.ts'
import type { Raw } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import type { BackupWish } from './wish.ts'
import { variableOf } from '../../../../crds/environment.ts'
import { renderJobSettings } from '../../../../crds/jobSettings.ts'
import { hasKey } from '../parts/secretKeys.ts'
import { backupHistory } from './history.ts'
import { keptBackups } from './standing.ts'

/** What a Job is told, beside what all are. */
interface Told<Name extends JobName> {
  readonly settings: Partial<JobSettings<Name>>
  readonly secrets: readonly Raw<V1EnvVar>[]
}

const TOLD: { readonly [Name in JobName]: (snapshot: Snapshot, wish: BackupWish) => Told<Name> } = {
  backup: (snapshot, wish) => ({
    settings: { ...clickhouse(wish), settleSeconds: SETTLE_S },
    secrets: [
      ...credentials(snapshot, wish, 'backup', 'clickhouse'),
      ...credentials(snapshot, wish, 'checksum', 'checksum'),
      ...privateCa(snapshot, wish),
    ],
  }),
  verify: (snapshot, wish) => ({
    settings: clickhouse(wish),
    secrets: [...credentials(snapshot, wish, 'verify', 'clickhouse'), ...privateCa(snapshot, wish)],
  }),
  retention: (snapshot, wish) => ({
    settings: { ...bucket(wish), ...keep(snapshot) },
    secrets: bucketKeys(wish),
  }),
}

/** @param deadlineSeconds how long one attempt may take */
export function environment(
  snapshot: Snapshot,
  wish: BackupWish,
  job: JobName,
  deadlineSeconds: number,
): Raw<V1EnvVar>[] {
  const { settings, secrets } = TOLD[job](snapshot, wish)
  const values = renderJobSettings({ logLevel: 'info', deadlineSeconds, ...settings })
  return [
    {
      name: variableOf('runName'),
      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
    },
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ...secrets,
  ]
}

const clickhouse = ({ access, database, collection }: BackupWish) => ({
  clickhouseUrl: access.url,
  clickhouseDatabase: database,
  collection,
})

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
