/** PostgreSQL, which only workers and their migration reach. */
import type { V1Volume } from '@kubernetes/client-node'
import type { Raw } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { Connection } from './connection.ts'
import { hasKey } from '../parts/secretKeys.ts'
import { reference, ROOT } from './connection.ts'

const PORT = 5432

export const postgres: Connection = {
  references: (spec) =>
    reference(
      'spec.postgres.credentialsSecretRef',
      spec.postgres.credentialsSecretRef,
      ['url'],
      ['directUrl', 'ca.crt'],
    ),
  settings: postgresSettings,
  secrets: ({ sender }) => ({ postgresUrl: [sender.spec.postgres.credentialsSecretRef.name, 'url'] }),
  files: (sender) => [postgresVolume(sender)],
  way: {
    destination: 'postgres',
    dialledBy: ['worker'],
    // Its address is in a Secret, which is not read for this.
    addresses: () => [{ port: PORT }],
  },
}

/** Of whoever speaks to it. */
export function postgresSettings({ sender, references }: Snapshot): { readonly postgresCaFile?: string } {
  const { name } = sender.spec.postgres.credentialsSecretRef
  return hasKey(references.get(name), 'ca.crt') ? { postgresCaFile: `${ROOT}/postgres/ca.crt` } : {}
}

/** Its authority, if that is private, as whoever speaks to it mounts it. */
export function postgresVolume({ spec }: Sender): Raw<V1Volume> {
  const secret = {
    secretName: spec.postgres.credentialsSecretRef.name,
    defaultMode: 0o440,
    optional: true,
    items: [{ key: 'ca.crt', path: 'ca.crt' }],
  }
  return { name: 'postgres', secret }
}
