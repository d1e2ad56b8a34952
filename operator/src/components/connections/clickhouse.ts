/** ClickHouse, with events, audit log, archive and backups. */
import type { Connection } from './connection.ts'
import { webAddresses } from '../parts/addresses.ts'
import { hasKey } from '../parts/secretKeys.ts'
import { reference } from './connection.ts'

/** Roles that may have credentials of their own beside the worker's. */
const ROLES = ['operator', 'backup', 'checksum', 'verify'] as const

export const clickhouse: Connection = {
  references: (spec) =>
    reference(
      'spec.clickhouse.external.credentialsSecretRef',
      spec.clickhouse?.external?.credentialsSecretRef,
      ['username', 'password'],
      ['ca.crt', ...ROLES.flatMap((role) => [`${role}-username`, `${role}-password`])],
    ),
  settings: ({ sender }) => {
    const wanted = sender.spec.clickhouse
    if (!wanted?.external) return {}
    return {
      clickhouseUrl: wanted.external.url,
      clickhouseDatabase: wanted.database ?? 'batchsender',
      // Made by the worker, they would lack what makes them an archive; of the audit log nobody could mend that.
      clickhouseTables: wanted.archive ? 'Expect' : 'Create',
    }
  },
  secrets: ({ sender, references }) => {
    const name = sender.spec.clickhouse?.external?.credentialsSecretRef?.name
    if (name === undefined) return {}
    return {
      clickhouseUsername: [name, 'username'],
      clickhousePassword: [name, 'password'],
      ...(hasKey(references.get(name), 'ca.crt') && { clickhouseCa: [name, 'ca.crt'] }),
    }
  },
  way: {
    destination: 'clickhouse',
    dialledBy: ['worker', 'backup', 'verify'],
    addresses: ({ spec }) => webAddresses(spec.clickhouse?.external?.url),
  },
}
