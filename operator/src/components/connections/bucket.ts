/** The bucket of the backups, which ClickHouse writes to and only retention dials. */
import type { Connection } from './connection.ts'
import { webAddresses } from '../parts/addresses.ts'
import { reference } from './connection.ts'

export const bucket: Connection = {
  references: ({ clickhouse }) =>
    reference(
      'spec.clickhouse.backup.destination.s3.credentialsSecretRef',
      clickhouse?.backup?.destination.s3?.credentialsSecretRef,
      ['accessKey', 'secretKey'],
    ),
  way: {
    destination: 's3',
    dialledBy: ['retention'],
    addresses: ({ spec }) => webAddresses(spec.clickhouse?.backup?.destination.s3?.endpoint),
  },
}
