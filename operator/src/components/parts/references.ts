/** The Secrets of the user's that a spec names, and the keys that each must have. */
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { ReferenceFacts } from '../snapshot.ts'
import type { WorkerSpec } from '../../../../crds/schema/worker.ts'

/** Roles that may have credentials of their own beside the worker's. */
export const CLICKHOUSE_ROLES = ['operator', 'backup', 'checksum', 'verify'] as const

/** The key of a Secret that webhooks are signed with. */
export const WEBHOOK_SECRET = 'webhookSecret'

/** The key of the Secret that `spec.worker.features.unleash.tokenSecretRef` names. */
export const UNLEASH_TOKEN = 'token'

export interface Reference {
  readonly secret: string
  /** Where in the spec it is named. */
  readonly path: string
  readonly required: readonly string[]
  /** Keys that count when they are there. */
  readonly optional: readonly string[]
}

/** Every reference, in the order of the spec. A Secret may be named more than once. */
export function references(spec: BatchSenderSpec): readonly Reference[] {
  const { worker, postgres, nats, clickhouse } = spec
  return [
    ...workerReferences(worker),
    reference(
      'spec.postgres.credentialsSecretRef',
      postgres.credentialsSecretRef,
      ['url'],
      ['directUrl', 'ca.crt'],
    ),
    reference('spec.nats.external.tlsSecretRef', nats.external?.tlsSecretRef, [
      'tls.crt',
      'tls.key',
      'ca.crt',
    ]),
    reference('spec.nats.tls.issuerSecretRef', nats.managed && nats.tls?.issuerSecretRef, [
      'tls.crt',
      'tls.key',
    ]),
    reference(
      'spec.clickhouse.external.credentialsSecretRef',
      clickhouse?.external?.credentialsSecretRef,
      ['username', 'password'],
      ['ca.crt', ...CLICKHOUSE_ROLES.flatMap((role) => [`${role}-username`, `${role}-password`])],
    ),
    reference(
      'spec.clickhouse.backup.destination.s3.credentialsSecretRef',
      clickhouse?.backup?.destination.s3?.credentialsSecretRef,
      ['accessKey', 'secretKey'],
    ),
  ].flat()
}

function workerReferences({
  provider,
  http,
  unsubscribe,
  features,
}: WorkerSpec): readonly (readonly Reference[])[] {
  return [
    ...providerReferences(provider),
    reference('spec.worker.http.tokensSecretRef', http.tokensSecretRef, []),
    reference('spec.worker.unsubscribe.keySecretRef', unsubscribe?.keySecretRef, ['key']),
    reference('spec.worker.features.unleash.tokenSecretRef', features?.unleash?.tokenSecretRef, [
      UNLEASH_TOKEN,
    ]),
  ]
}

function providerReferences({
  smtp,
  ses,
  resend,
}: WorkerSpec['provider']): readonly (readonly Reference[])[] {
  return [
    reference('spec.worker.provider.smtp.credentialsSecretRef', smtp?.credentialsSecretRef, [
      'username',
      'password',
    ]),
    reference('spec.worker.provider.ses.credentialsSecretRef', ses?.credentialsSecretRef, [
      'accessKeyId',
      'secretAccessKey',
    ]),
    reference('spec.worker.provider.resend.credentialsSecretRef', resend?.credentialsSecretRef, ['apiKey']),
    ...(resend?.webhookSecretRefs ?? []).map((ref, index) =>
      reference(`spec.worker.provider.resend.webhookSecretRefs[${index}]`, ref, [WEBHOOK_SECRET]),
    ),
  ]
}

function reference(
  path: string,
  ref: { readonly name: string } | undefined,
  required: readonly string[],
  optional: readonly string[] = [],
): readonly Reference[] {
  return ref ? [{ secret: ref.name, path, required, optional }] : []
}

/** Whether the Secret is there and has the key. */
export function hasKey(facts: ReferenceFacts | undefined, key: string): boolean {
  return facts?.found === true && facts.keys.includes(key)
}
