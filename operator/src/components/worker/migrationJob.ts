/** The Job that migrates the database, with no more settings than that takes. */
import type { V1EnvVar } from '@kubernetes/client-node'
import type { JobManifest, Raw } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import { renderMigrationSettings } from '../../../../crds/migrationSettings.ts'
import { metadata } from '../parts/metadata.ts'
import { jobPlacement, placed, podMetadata } from '../parts/placement.ts'
import { postgresSettings, postgresVolume } from '../connections/postgres.ts'
import { hasKey } from '../parts/secretKeys.ts'
import { fromSecret, mountOf, TMP } from './environment.ts'
import { containerBase, podBase, PROGRAM } from './manifests.ts'

const PART = 'migration'

/** The annotation that tells which image and database a Job is for. */
export const SUBJECT = 'batchsender.io/migration-of'

export function migrationJob(
  snapshot: Snapshot,
  { name, subject }: { readonly name: string; readonly subject: string },
): JobManifest {
  const { sender } = snapshot
  const placement = jobPlacement(sender.spec)
  const postgres = postgresVolume(sender)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata(sender, PART), name, annotations: { [SUBJECT]: subject } },
    spec: {
      backoffLimit: 10,
      activeDeadlineSeconds: 3_600,
      template: {
        metadata: podMetadata(sender, PART, placement),
        spec: {
          ...podBase(snapshot),
          ...placed(placement),
          restartPolicy: 'Never',
          volumes: [postgres, TMP.volume],
          containers: [
            {
              ...containerBase(snapshot),
              name: PART,
              command: ['node', PROGRAM, 'migrate'],
              env: environment(snapshot),
              volumeMounts: [mountOf(postgres.name), TMP.mount],
            },
          ],
        },
      },
    },
  }
}

/** With the direct address where there is one, since poolers break migrations. */
function environment(snapshot: Snapshot): Raw<V1EnvVar>[] {
  const secret = snapshot.sender.spec.postgres.credentialsSecretRef.name
  const key = hasKey(snapshot.references.get(secret), 'directUrl') ? 'directUrl' : 'url'
  const values = renderMigrationSettings({ logLevel: 'info', ...postgresSettings(snapshot) })
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    fromSecret('postgresUrl', [secret, key]),
  ]
}
