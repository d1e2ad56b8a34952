/** The worker's environment: what the operator renders into the pod and what the worker parses, from one schema. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { environmentOf, renderEnvironment } from './environment.ts'
import { stringEnum } from './schema/structural.ts'

const port = (standard: number) => Type.Integer({ minimum: 1, maximum: 65_535, default: standard })

const seconds = (standard: number) => Type.Integer({ minimum: 1, maximum: 3_600, default: standard })

/** One property = one variable: `maxRequestSizeBytes` is `MAX_REQUEST_SIZE_BYTES`; lists are comma separated. */
export const WorkerSettings = Type.Object(
  {
    workerName: Type.String({ minLength: 1, description: 'Who holds a lease: the name of the pod.' }),
    logLevel: Type.Optional(stringEnum(['debug', 'info', 'warn', 'error'], { default: 'info' })),

    httpPort: Type.Optional(port(8080)),
    internalPort: Type.Optional(port(8081)),
    apiTokensDir: Type.String({
      minLength: 1,
      description:
        'A directory with one file per API token: its name is the user id, its content `sha256:<hex>`, perhaps followed by ` scopes:<scope>,<scope>`.',
    }),
    maxRequestSizeBytes: Type.Optional(
      Type.Integer({ minimum: 1_024, maximum: 104_857_600, default: 10_485_760 }),
    ),
    rateLimitPerIp: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 100 })),
    rateLimitPerToken: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000, default: 6_000 })),
    trustedProxies: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),

    unsubscribeBaseUrl: Type.Optional(Type.String({ minLength: 1 })),
    unsubscribeKeyFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'One key on each line: the first seals the links, all of them open; read again when it changes.',
      }),
    ),

    postgresUrl: Type.String({ minLength: 1 }),
    postgresCaFile: Type.Optional(Type.String({ minLength: 1 })),

    natsServers: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    natsTlsDir: Type.Optional(
      Type.String({ minLength: 1, description: 'tls.crt, tls.key and ca.crt, read again at every dial.' }),
    ),
    natsStream: Type.String({ minLength: 1 }),
    natsSubject: Type.String({ minLength: 1 }),
    natsConsumer: Type.String({ minLength: 1 }),

    clickhouseUrl: Type.Optional(Type.String({ minLength: 1 })),
    clickhouseDatabase: Type.Optional(Type.String({ minLength: 1, default: 'batchsender' })),
    clickhouseUsername: Type.Optional(Type.String({ minLength: 1 })),
    clickhousePassword: Type.Optional(Type.String()),
    clickhouseCa: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM of the authorities to trust, where they are private.' }),
    ),
    clickhouseTables: Type.Optional(
      stringEnum(['Create', 'Expect'], {
        default: 'Create',
        description: 'Whether missing tables are made, or waited for because somebody else makes them.',
      }),
    ),

    provider: stringEnum(['smtp', 'ses', 'resend']),
    smtpHost: Type.Optional(Type.String({ minLength: 1 })),
    smtpPort: Type.Optional(port(587)),
    smtpTls: Type.Optional(stringEnum(['Required', 'Opportunistic', 'Disabled'], { default: 'Required' })),
    smtpMaxMessagesPerConnection: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100 })),
    smtpConnections: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 20 })),
    smtpEhloName: Type.Optional(
      Type.String({ minLength: 1, description: 'Instead of the domain of the sender.' }),
    ),
    smtpCa: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM of the authorities to trust, where they are private.' }),
    ),
    smtpConnectSeconds: Type.Optional(seconds(15)),
    smtpGreetingSeconds: Type.Optional(seconds(300)),
    smtpReplySeconds: Type.Optional(seconds(600)),
    smtpUsername: Type.Optional(Type.String({ minLength: 1 })),
    smtpPassword: Type.Optional(Type.String()),
    sesRegion: Type.Optional(Type.String({ minLength: 1 })),
    sesEndpoint: Type.Optional(Type.String({ minLength: 1 })),
    sesConfigurationSet: Type.Optional(Type.String({ minLength: 1 })),
    sesTopicArns: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'Topics of Amazon SNS whose messages are taken at /webhooks/ses.',
      }),
    ),
    sesSignatures: Type.Optional(stringEnum(['Any', 'Sha256'], { default: 'Any' })),
    sesAccessKeyId: Type.Optional(Type.String({ minLength: 1 })),
    sesSecretAccessKey: Type.Optional(Type.String({ minLength: 1 })),
    resendEndpoint: Type.Optional(Type.String({ minLength: 1 })),
    resendApiKey: Type.Optional(Type.String({ minLength: 1 })),
    resendWebhookSecretsDir: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A directory with one file per secret that webhooks at /webhooks/resend may be signed with.',
      }),
    ),
    maxPerSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    onUncertain: Type.Optional(stringEnum(['Hold', 'Resend'], { default: 'Hold' })),

    featuresProvider: Type.Optional(stringEnum(['Env', 'ConfigMap', 'Unleash'])),
    featureFlags: Type.Optional(
      Type.String({ description: 'The format of flagd, or pairs such as `wide-claims=25%`; for Env.' }),
    ),
    featuresFile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'The format of flagd, read again as it changes; for ConfigMap.',
      }),
    ),
    unleashUrl: Type.Optional(Type.String({ minLength: 1 })),
    unleashToken: Type.Optional(Type.String({ minLength: 1 })),
    unleashAppName: Type.Optional(Type.String({ minLength: 1, default: 'batchsender' })),
  },
  { additionalProperties: false },
)

/** Settings as they are written: optional ones may be left out. */
export type WorkerSettingsInput = Static<typeof WorkerSettings>

/** Variables that hold a secret: the operator renders them as references, never as values. */
export const SECRET_SETTINGS = [
  'postgresUrl',
  'smtpUsername',
  'smtpPassword',
  'smtpCa',
  'sesAccessKeyId',
  'sesSecretAccessKey',
  'resendApiKey',
  'unleashToken',
  'clickhouseUsername',
  'clickhousePassword',
  'clickhouseCa',
] as const satisfies readonly (keyof WorkerSettingsInput)[]

type Defaulted =
  | 'logLevel'
  | 'httpPort'
  | 'internalPort'
  | 'maxRequestSizeBytes'
  | 'rateLimitPerIp'
  | 'rateLimitPerToken'
  | 'clickhouseDatabase'
  | 'clickhouseTables'
  | 'smtpPort'
  | 'smtpTls'
  | 'smtpMaxMessagesPerConnection'
  | 'smtpConnections'
  | 'smtpConnectSeconds'
  | 'smtpGreetingSeconds'
  | 'smtpReplySeconds'
  | 'sesSignatures'
  | 'onUncertain'
  | 'unleashAppName'

/** Settings as the worker sees them: every default filled in. */
export type WorkerSettings = WorkerSettingsInput & Required<Pick<WorkerSettingsInput, Defaulted>>

const environment = environmentOf<WorkerSettings>(WorkerSettings, 'the worker')

/**
 * Reads the settings out of an environment. Unknown variables are not ours and ignored; an empty one counts as unset.
 * @throws Error that names every variable at fault, one per line, never with its value.
 */
export const parseWorkerSettings = environment.parse

/** The environment that `parseWorkerSettings` reads back as the same settings. */
export function renderWorkerSettings(settings: Partial<WorkerSettingsInput>): Record<string, string> {
  return renderEnvironment(settings)
}
