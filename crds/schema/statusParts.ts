/** Parts of the status that stand for themselves. */
import Type from 'typebox'
import { stringEnum } from './structural.ts'

export const EnvironmentMemory = Type.Object(
  {
    of: Type.String({
      maxLength: 16,
      description: 'Hash of fingerprints of the secrets that workers read from their environment.',
    }),
    was: Type.Optional(
      Type.Array(Type.String({ maxLength: 16 }), {
        maxItems: 16,
        'x-kubernetes-list-type': 'atomic',
        description: 'The same of those before, the newest last.',
      }),
    ),
    returns: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'How often the secrets went back to what they had been: workers that started meanwhile are replaced.',
      }),
    ),
  },
  { description: 'Which secrets workers are started with.' },
)

export const Shared = Type.Array(
  Type.Object({
    what: stringEnum(['postgres', 'clickhouse', 'backup']),
    with: Type.Array(Type.String({ maxLength: 128 }), {
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      description: '`namespace/name` of others of this namespace; that there are some of others.',
    }),
  }),
  {
    maxItems: 3,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['what'],
    description:
      'What other BatchSenders use, too: the database of PostgreSQL, that of ClickHouse, the place of backups.',
  },
)
