/** A spec with all that has a life of its own, for histories of the whole pipeline. */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { ReferenceFacts } from '../components/snapshot.ts'
import { allReferences, reference, SPEC } from './snapshots.ts'

/** Encryption, an autoscaler, an archive, backups, a gateway. */
export const FULL: BatchSenderSpec = {
  ...SPEC,
  worker: { ...SPEC.worker, autoscaling: { minReplicas: 1, maxReplicas: 3, targetCpuPercent: 70 } },
  nats: { managed: { replicas: 1, encryption: { enabled: true } } },
  clickhouse: {
    external: { url: 'https://clickhouse.example.com:8443', credentialsSecretRef: { name: 'clickhouse' } },
    database: 'mail',
    archive: { afterDays: 90, disk: 's3' },
    backup: {
      schedule: '0 2 * * *',
      incrementalSchedule: '*/10 * * * *',
      timeZone: 'Europe/Berlin',
      destination: { namedCollection: 'backup_s3' },
      verify: { schedule: '0 4 * * *' },
    },
  },
  gateway: {
    provider: 'EnvoyGateway',
    parentRef: { name: 'public', namespace: 'gateways' },
    hostnames: ['mail.example.com'],
    from: { addresses: ['10.244.3.0/24'] },
    rateLimit: { requestsPerSecond: 50 },
  },
}

export const fullReferences = (): Map<string, ReferenceFacts> =>
  new Map([...allReferences(), ['clickhouse', reference('username', 'password')]])
