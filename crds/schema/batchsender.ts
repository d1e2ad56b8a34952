/** The custom resource: what a user may ask for, and what comes back. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { Objectives } from './backup.ts'
import { ClickhouseSpec } from './clickhouse.ts'
import { GatewaySpec } from './gateway.ts'
import { MonitoringSpec } from './monitoring.ts'
import { NatsSpec } from './nats.ts'
import { NetworkSpec } from './network.ts'
import { matching, rule, secretRef } from './references.ts'
import { CHECKS } from './checks.ts'
import { SecretsSpec } from './secrets.ts'
import { BatchSenderStatus } from './status.ts'
import { stringEnum } from './structural.ts'
import { WorkerSpec } from './worker.ts'

/** Two letters side by side, of whatever script: nothing that ASCII has beside its letters. */
const WORDS = '[^\\x00-\\x40\\x5b-\\x60\\x7b-\\x7f]{2}'

export const GROUP = 'batchsender.io'
export const VERSION = 'v1alpha1'
export const KIND = 'BatchSender'
export const PLURAL = 'batchsenders'

const PostgresSpec = Type.Object(
  {
    credentialsSecretRef: secretRef(
      'Secret with `url`, optionally `directUrl` (past a pooler, for migrations) and `ca.crt`.',
    ),
  },
  { description: 'The database that holds every batch and recipient.' },
)

const CHECK_NAMES = Object.keys(CHECKS).sort()

const Readiness = Type.Object(
  {
    waive: Type.Optional(
      Type.Array(
        Type.Object({
          check: Type.String({
            minLength: 1,
            maxLength: 63,
            description: 'Name of the check.',
            'x-kubernetes-validations': [
              matching(`^(${CHECK_NAMES.join('|')})$`, `check must be one of ${CHECK_NAMES.join(', ')}`),
            ],
          }),
          reason: Type.String({
            minLength: 1,
            maxLength: 512,
            description: 'Why it does not apply; it is printed.',
            'x-kubernetes-validations': [
              matching(WORDS, 'reason must say in words why the check does not apply'),
            ],
          }),
        }),
        {
          maxItems: 32,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['check'],
          description: 'Checks that do not apply here.',
        },
      ),
    ),
  },
  { description: 'What ProductionReady asks for.' },
)

export const BatchSenderSpec = Type.Object(
  {
    suspend: Type.Optional(
      Type.Boolean({
        description: 'Leaves everything as it is: the operator writes nothing but the status.',
      }),
    ),
    worker: WorkerSpec,
    postgres: PostgresSpec,
    nats: NatsSpec,
    clickhouse: Type.Optional(ClickhouseSpec),
    network: Type.Optional(NetworkSpec),
    monitoring: Type.Optional(MonitoringSpec),
    gateway: Type.Optional(GatewaySpec),
    secrets: Type.Optional(SecretsSpec),
    objectives: Type.Optional(Objectives),
    readiness: Type.Optional(Readiness),
    deletionPolicy: Type.Optional(
      stringEnum(['Retain', 'Delete'], {
        default: 'Retain',
        description:
          'What becomes of the NATS volumes and the certificate authority when the BatchSender is deleted.',
      }),
    ),
  },
  { description: 'What is wanted.' },
)
export type BatchSenderSpec = Static<typeof BatchSenderSpec>

/** The whole object, as the CRD describes it. */
export const BatchSender = Type.Object(
  {
    apiVersion: Type.Optional(Type.String()),
    kind: Type.Optional(Type.String()),
    metadata: Type.Optional(Type.Unsafe<object>({ type: 'object' })),
    spec: BatchSenderSpec,
    status: Type.Optional(BatchSenderStatus),
  },
  {
    description:
      'A sender of large batches of e-mail and everything it needs to run, kept and proven by the operator.',
    'x-kubernetes-validations': [
      rule(
        "self.metadata.name.size() <= 35 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        'metadata.name must be at most 35 characters, begin with a letter and hold only a-z, 0-9 and -: names of children are made from it',
      ),
      rule(
        'has(self.spec.clickhouse) || !has(oldSelf.spec.clickhouse)',
        'spec.clickhouse cannot be removed: the events are there',
      ),
    ],
  },
)
