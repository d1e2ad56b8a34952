/** `spec.clickhouse`: where events and the audit log are kept, for how long on which disk. */
import Type from 'typebox'
import { Backup } from './backup.ts'
import { rule, secretRef } from './references.ts'

const NAME = '^[A-Za-z_][A-Za-z0-9_]*$'

const Archive = Type.Object(
  {
    afterDays: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 36_500,
        default: 90,
        description: 'Events older than this many days move to the disk.',
      }),
    ),
    disk: Type.Optional(
      Type.String({
        default: 's3',
        maxLength: 63,
        pattern: NAME,
        description: 'Name of a disk that the server has.',
      }),
    ),
    storagePolicy: Type.Optional(
      Type.String({
        maxLength: 63,
        pattern: NAME,
        description:
          'Storage policy with that disk and every volume of the present one. Unset: the only one that fits.',
      }),
    ),
  },
  {
    description:
      'Moves old events to a cheaper disk by TTL. One way: a table cannot go back to a storage policy without the disk.',
  },
)

export const ClickhouseSpec = Type.Object(
  {
    external: Type.Optional(
      Type.Object(
        {
          url: Type.String({
            minLength: 1,
            maxLength: 500,
            pattern: '^https?://[^@/\\s]+/?$',
            description: 'Address of the HTTP interface, without credentials.',
          }),
          credentialsSecretRef: Type.Optional(
            secretRef(
              'Secret with `username` and `password` of the worker; optionally the same with the prefixes `operator-`, `backup-`, `checksum-` and `verify-`, for users that can do less; and `ca.crt` where the certificate is of a private authority.',
            ),
          ),
          insecure: Type.Optional(
            Type.Boolean({
              default: false,
              description: 'Allows an http:// address: nothing is encrypted then.',
            }),
          ),
        },
        {
          description: 'ClickHouse that runs elsewhere.',
          'x-kubernetes-validations': [
            rule(
              "self.url.startsWith('https://') || (has(self.insecure) && self.insecure)",
              'spec.clickhouse.external.url must begin with https://, or set spec.clickhouse.external.insecure: true',
            ),
          ],
        },
      ),
    ),
    database: Type.Optional(
      Type.String({
        default: 'batchsender',
        maxLength: 63,
        pattern: '^[a-z_][a-z0-9_]*$',
        description: 'Name of the database; it cannot change.',
      }),
    ),
    archive: Type.Optional(Archive),
    backup: Type.Optional(Backup),
  },
  {
    description: 'Where events are kept for analysis. Unset: nowhere.',
    'x-kubernetes-validations': [
      rule('has(self.external)', 'spec.clickhouse needs spec.clickhouse.external'),
      rule(
        'self.database == oldSelf.database',
        'spec.clickhouse.database cannot change: the events are there',
      ),
      rule(
        'has(self.archive) || !has(oldSelf.archive)',
        'spec.clickhouse.archive cannot be removed: old partitions are on its disk; raise afterDays and see docs/archive.md to bring them back',
      ),
    ],
  },
)
