/** The worker's environment and files, from the spec: settings as values, secrets as references. */
import type { Raw } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import type { SECRET_SETTINGS, WorkerSettingsInput } from '../../../../crds/workerSettings.ts'
import type { WorkerSpec } from '../../../../crds/schema/worker.ts'
import type { V1EnvVar, V1Volume, V1VolumeMount } from '@kubernetes/client-node'
import { workQueueNames } from '../../../../crds/workQueue.ts'
import { variableOf } from '../../../../crds/environment.ts'
import { renderWorkerSettings } from '../../../../crds/workerSettings.ts'
import { hasKey, UNLEASH_TOKEN, WEBHOOK_SECRET } from '../parts/references.ts'
import { natsSecrets, natsServers } from '../parts/natsTopology.ts'
import { featureSettings, featureVolumes } from './features.ts'

const ROOT = '/etc/batchsender'

export const HTTP_PORT = 8080
export const INTERNAL_PORT = 8081

type Smtp = NonNullable<WorkerSpec['provider']['smtp']>
type Ses = NonNullable<WorkerSpec['provider']['ses']>
type SecretSetting = (typeof SECRET_SETTINGS)[number]
type SecretKey = readonly [secret: string, key: string]

/** What the worker reads from its environment, secrets apart. */
function settings(snapshot: Snapshot): Partial<WorkerSettingsInput> {
  const { worker } = snapshot.sender.spec
  return {
    logLevel: worker.logLevel ?? 'info',
    httpPort: HTTP_PORT,
    internalPort: INTERNAL_PORT,
    apiTokensDir: `${ROOT}/tokens`,
    ...httpSettings(worker),
    ...(worker.unsubscribe && {
      unsubscribeBaseUrl: worker.unsubscribe.baseUrl,
      unsubscribeKeyFile: `${ROOT}/unsubscribe/key`,
    }),
    ...postgresSettings(snapshot),
    ...queueSettings(snapshot),
    ...eventSettings(snapshot),
    ...providerSettings(snapshot),
    ...featureSettings(worker.features, ROOT),
  }
}

/** Of whoever speaks to PostgreSQL. */
export function postgresSettings({ sender, references }: Snapshot): { readonly postgresCaFile?: string } {
  const { name } = sender.spec.postgres.credentialsSecretRef
  return hasKey(references.get(name), 'ca.crt') ? { postgresCaFile: `${ROOT}/postgres/ca.crt` } : {}
}

function httpSettings({ http }: WorkerSpec): Partial<WorkerSettingsInput> {
  const { maxRequestSizeBytes, rateLimitPerIp, rateLimitPerToken, trustedProxies = [] } = http
  return {
    maxRequestSizeBytes: maxRequestSizeBytes ?? 10_485_760,
    rateLimitPerIp: rateLimitPerIp ?? 100,
    rateLimitPerToken: rateLimitPerToken ?? 6_000,
    ...(trustedProxies.length > 0 && { trustedProxies }),
  }
}

function queueSettings({ sender, installation }: Snapshot): Partial<WorkerSettingsInput> {
  const queue = workQueueNames(sender.namespace, sender.name)
  return {
    natsServers: [...natsServers(sender, installation)],
    ...(natsTlsSecret(sender) !== undefined && { natsTlsDir: `${ROOT}/nats` }),
    natsStream: queue.stream,
    natsSubject: queue.subject,
    natsConsumer: queue.consumer,
  }
}

function eventSettings({ sender }: Snapshot): Partial<WorkerSettingsInput> {
  const { clickhouse } = sender.spec
  if (!clickhouse?.external) return {}
  return {
    clickhouseUrl: clickhouse.external.url,
    clickhouseDatabase: clickhouse.database ?? 'batchsender',
    // Made by the worker, they would lack what makes them an archive; of the audit log nobody could mend that.
    clickhouseTables: clickhouse.archive ? 'Expect' : 'Create',
  }
}

function providerSettings({ sender }: Snapshot): Partial<WorkerSettingsInput> {
  const { smtp, ses, resend, maxPerSecond, onUncertain } = sender.spec.worker.provider
  return {
    ...(smtp && { provider: 'smtp', ...smtpOptions(smtp) }),
    ...(ses && { provider: 'ses', sesRegion: ses.region, ...sesOptions(ses) }),
    ...(resend && {
      provider: 'resend',
      ...(resend.endpoint !== undefined && { resendEndpoint: resend.endpoint }),
      ...(resend.webhookSecretRefs && { resendWebhookSecretsDir: `${ROOT}/webhooks` }),
    }),
    ...(maxPerSecond !== undefined && { maxPerSecond }),
    onUncertain: onUncertain ?? 'Hold',
  }
}

function smtpOptions(smtp: Smtp): Partial<WorkerSettingsInput> {
  return {
    smtpHost: smtp.host,
    smtpPort: smtp.port ?? 587,
    smtpTls: smtp.tls ?? 'Required',
    smtpMaxMessagesPerConnection: smtp.maxMessagesPerConnection ?? 100,
  }
}

function sesOptions({
  endpoint,
  configurationSet,
  topicArns,
  signatures,
}: Ses): Partial<WorkerSettingsInput> {
  return {
    ...(topicArns && { sesTopicArns: [...topicArns], sesSignatures: signatures ?? 'Any' }),
    ...(endpoint !== undefined && { sesEndpoint: endpoint }),
    ...(configurationSet !== undefined && { sesConfigurationSet: configurationSet }),
  }
}

/** Which key of which Secret each secret setting comes from. */
function secretKeys({ sender, references }: Snapshot): Partial<Record<SecretSetting, SecretKey>> {
  const { worker, postgres, clickhouse } = sender.spec
  const events = clickhouse?.external?.credentialsSecretRef?.name
  const unleash = worker.features?.unleash
  return {
    postgresUrl: [postgres.credentialsSecretRef.name, 'url'],
    ...providerKeys(worker.provider),
    ...(unleash && { unleashToken: [unleash.tokenSecretRef.name, UNLEASH_TOKEN] }),
    ...(events !== undefined && {
      clickhouseUsername: [events, 'username'],
      clickhousePassword: [events, 'password'],
      ...(hasKey(references.get(events), 'ca.crt') && { clickhouseCa: [events, 'ca.crt'] }),
    }),
  }
}

function providerKeys({
  smtp,
  ses,
  resend,
}: WorkerSpec['provider']): Partial<Record<SecretSetting, SecretKey>> {
  const login = smtp?.credentialsSecretRef?.name
  const access = ses?.credentialsSecretRef?.name
  return {
    ...(login !== undefined && { smtpUsername: [login, 'username'], smtpPassword: [login, 'password'] }),
    ...(access !== undefined && {
      sesAccessKeyId: [access, 'accessKeyId'],
      sesSecretAccessKey: [access, 'secretAccessKey'],
    }),
    ...(resend && { resendApiKey: [resend.credentialsSecretRef.name, 'apiKey'] }),
  }
}

/** `env` of the worker container. */
export function environment(snapshot: Snapshot): Raw<V1EnvVar>[] {
  return [
    fromField('workerName', 'metadata.name'),
    ...Object.entries(renderWorkerSettings(settings(snapshot))).map(([name, value]) => ({ name, value })),
    ...Object.entries(secretKeys(snapshot)).map(([setting, key]) => fromSecret(setting, key)),
  ]
}

/** What tells that a secret read from the environment changed, without telling what it is. */
export function secretFingerprints(snapshot: Snapshot): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(secretKeys(snapshot)).map(([setting, [secret, key]]) => {
      const facts = snapshot.references.get(secret)
      return [setting, facts?.found ? facts.fingerprints[key] : undefined]
    }),
  )
}

export function volumes({ sender }: Snapshot): Raw<V1Volume>[] {
  const nats = natsTlsSecret(sender)
  const { unsubscribe } = sender.spec.worker
  const volume = (name: string, secretName: string) => ({ name, secret: { secretName, defaultMode: 0o440 } })
  return [
    volume('tokens', sender.spec.worker.http.tokensSecretRef.name),
    postgresVolume(sender).volume,
    ...(unsubscribe ? [volume('unsubscribe', unsubscribe.keySecretRef.name)] : []),
    ...(nats === undefined ? [] : [volume('nats', nats)]),
    ...webhookVolume(sender.spec.worker.provider),
    ...featureVolumes(sender.spec.worker.features),
    TMP.volume,
  ]
}

/** The authority of PostgreSQL, if it is private, as whoever speaks to it mounts it. */
export function postgresVolume({ spec: { postgres } }: Snapshot['sender']) {
  const secret = {
    secretName: postgres.credentialsSecretRef.name,
    defaultMode: 0o440,
    optional: true,
    items: [{ key: 'ca.crt', path: 'ca.crt' }],
  }
  return {
    volume: { name: 'postgres', secret },
    mount: { name: 'postgres', mountPath: `${ROOT}/postgres`, readOnly: true },
  }
}

export const TMP = {
  volume: { name: 'tmp', emptyDir: {} },
  mount: { name: 'tmp', mountPath: '/tmp' },
}

export function volumeMounts({ sender }: Snapshot): Raw<V1VolumeMount>[] {
  const mount = (name: string) => ({ name, mountPath: `${ROOT}/${name}`, readOnly: true })
  return [
    mount('tokens'),
    postgresVolume(sender).mount,
    ...(sender.spec.worker.unsubscribe ? [mount('unsubscribe')] : []),
    ...(natsTlsSecret(sender) === undefined ? [] : [mount('nats')]),
    ...(sender.spec.worker.provider.resend?.webhookSecretRefs ? [mount('webhooks')] : []),
    ...featureVolumes(sender.spec.worker.features).map(({ name }) => mount(name)),
    TMP.mount,
  ]
}

/** Each secret as a file that is named after its place in the list. */
function webhookVolume({ resend }: WorkerSpec['provider']): Raw<V1Volume>[] {
  if (!resend?.webhookSecretRefs) return []
  const sources = resend.webhookSecretRefs.map(({ name }, index) => ({
    secret: { name, items: [{ key: WEBHOOK_SECRET, path: String(index) }] },
  }))
  return [{ name: 'webhooks', projected: { sources, defaultMode: 0o440 } }]
}

function natsTlsSecret(sender: Snapshot['sender']): string | undefined {
  const { external } = sender.spec.nats
  return external ? external.tlsSecretRef?.name : natsSecrets(sender).worker
}

export function fromSecret(setting: string, [name, key]: SecretKey): Raw<V1EnvVar> {
  return { name: variableOf(setting), valueFrom: { secretKeyRef: { name, key } } }
}

function fromField(setting: string, fieldPath: string): Raw<V1EnvVar> {
  return { name: variableOf(setting), valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }
}
