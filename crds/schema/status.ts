/** `status`: what the operator saw, for people, `kubectl wait`, Flux and Argo CD. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { handledFields } from '../requests.ts'
import { BackupEvidence, instant, TableMarks } from './clickhouseEvidence.ts'
import { NetworkProbes } from './networkProbes.ts'
import { SecretOrigins } from './secrets.ts'
import { EnvironmentMemory, Shared } from './statusParts.ts'
import { stringEnum } from './structural.ts'

export const Condition = Type.Object({
  type: Type.String({ maxLength: 316 }),
  status: stringEnum(['True', 'False', 'Unknown']),
  observedGeneration: Type.Integer({ minimum: 0, description: 'Generation of the spec that was judged.' }),
  lastTransitionTime: instant('When `status` changed last.'),
  reason: Type.String({ minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' }),
  message: Type.String({ maxLength: 32_768 }),
})
export type Condition = Static<typeof Condition>

export const Check = Type.Object({
  name: Type.String({ maxLength: 63, description: 'Which proof.' }),
  state: stringEnum(['Proven', 'Failing', 'Unknown', 'NotConfigured', 'Waived'], {
    description:
      'Proven: seen to be so. Failing: seen not to be so. Unknown: it has not been looked at, or cannot be. NotConfigured: the spec does not ask for it. Waived: left out by spec.readiness.waive.',
  }),
  message: Type.String({ maxLength: 32_768, description: 'What was seen, or what to do about it.' }),
  since: instant('Since when it is in this state.'),
})
export type Check = Static<typeof Check>

const Node = Type.Object({
  name: Type.String({ maxLength: 253 }),
  servedSerial: Type.Optional(Type.String({ maxLength: 64, description: 'Serial that the node showed.' })),
})

const ArchivedTable = Type.Object({
  name: Type.String({ maxLength: 63 }),
  storagePolicy: Type.String({ maxLength: 253, description: 'The policy that the table has.' }),
  rule: Type.Optional(Type.String({ maxLength: 1024, description: "The server's spelling of its TTL." })),
  partsCold: Type.Integer({ minimum: 0, description: 'Active parts on the archive disk.' }),
  bytesCold: Type.Integer({ minimum: 0, description: 'Their size.' }),
  rowsCold: Type.Integer({ minimum: 0, description: 'Their rows.' }),
  partsDue: Type.Integer({ minimum: 0, description: 'Parts past their time that have not moved.' }),
  bytesDue: Type.Integer({ minimum: 0, description: 'Their size.' }),
  dueSince: Type.Optional(instant('When the oldest of these came due.')),
})

const Evidence = Type.Object(
  {
    backup: Type.Optional(BackupEvidence),
    tables: Type.Optional(
      Type.Array(TableMarks, {
        maxItems: 8,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        description: 'Rows of the tables in ClickHouse: what vanishes is noticed by it.',
      }),
    ),
    acceptedLoss: Type.Optional(
      Type.String({
        maxLength: 16,
        description: 'Token of the loss of rows that was accepted last; it accepts no other one.',
      }),
    ),
    archive: Type.Optional(
      Type.Array(ArchivedTable, {
        maxItems: 8,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        description: 'Tables with an archive, as ClickHouse showed them.',
      }),
    ),
    natsTls: Type.Optional(
      Type.Object(
        {
          serverSerial: Type.Optional(
            Type.String({ maxLength: 64, description: 'Serial that was issued last.' }),
          ),
          expiresAt: Type.Optional(instant('When the first of the certificates in use ends.')),
          caExpiresAt: Type.Optional(instant('When the CA ends.')),
          nodes: Type.Optional(
            Type.Array(Node, {
              maxItems: 5,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
              description: 'What each node served at the last handshake.',
            }),
          ),
        },
        { description: 'Certificates of NATS.' },
      ),
    ),
    secrets: Type.Optional(SecretOrigins),
    shared: Type.Optional(Shared),
    contested: Type.Optional(
      Type.Array(
        Type.Object({
          object: Type.String({ maxLength: 512 }),
          manager: Type.String({ maxLength: 253 }),
          paths: Type.Array(Type.String({ maxLength: 512 }), {
            maxItems: 16,
            'x-kubernetes-list-type': 'atomic',
          }),
          count: Type.Integer({ minimum: 1 }),
        }),
        {
          maxItems: 32,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['object', 'manager'],
          description:
            'Fields of our children that another manager fought over, or that admission sets otherwise.',
        },
      ),
    ),
  },
  { description: 'Figures behind the conditions and checks.' },
)

export const BatchSenderStatus = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({
        description: 'Generation of the last spec that was brought to its end: Ready or Stalled.',
      }),
    ),
    observedSpecHash: Type.Optional(
      Type.String({ maxLength: 64, description: 'Hash of that spec without `suspend`.' }),
    ),
    ...handledFields,
    migration: Type.Optional(
      Type.Object(
        {
          of: Type.String({
            maxLength: 64,
            description: 'Hashes of the image and of the address that it was done with.',
          }),
        },
        {
          description:
            'The last migration that was completed: it is not done again when its Job is cleaned away.',
        },
      ),
    ),
    networkProbes: Type.Optional(NetworkProbes),
    environment: Type.Optional(EnvironmentMemory),
    operator: Type.Optional(
      Type.String({
        maxLength: 63,
        description:
          'Namespace of the operator that looks after this object; one of another installation stands back.',
      }),
    ),
    conditions: Type.Optional(
      Type.Array(Condition, {
        maxItems: 32,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
        description: 'Ready sums up; see docs/api.md for every type and reason.',
      }),
    ),
    checks: Type.Optional(
      Type.Array(Check, {
        maxItems: 32,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        description: 'The production-readiness checklist, each row proven or not.',
      }),
    ),
    evidence: Type.Optional(Evidence),
    summary: Type.Optional(
      Type.Object(
        {
          checks: Type.Optional(Type.String({ maxLength: 128 })),
          workers: Type.Optional(Type.String({ maxLength: 128 })),
        },
        { description: 'Short forms for the printed columns.' },
      ),
    ),
    workers: Type.Optional(
      Type.Object(
        {
          replicas: Type.Optional(Type.Integer({ minimum: 0 })),
          selector: Type.Optional(Type.String({ maxLength: 1024 })),
        },
        { description: 'For the scale subresource.' },
      ),
    ),
  },
  { description: 'What the operator saw.', default: { observedGeneration: -1 } },
)
export type BatchSenderStatus = Static<typeof BatchSenderStatus>
