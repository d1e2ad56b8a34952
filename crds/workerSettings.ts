/** The worker's environment: what the operator renders into the pod and what the worker parses, from one schema. */
import type { Static, TSchema } from 'typebox'
import { Ajv } from 'ajv'
import Type from 'typebox'
import { stringEnum } from './schema/structural.ts'

const port = (standard: number) => Type.Integer({ minimum: 1, maximum: 65_535, default: standard })

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
        'A directory with one file per API token: its name is the user id, its content `sha256:<hex>`.',
    }),
    maxRequestSizeBytes: Type.Optional(
      Type.Integer({ minimum: 1_024, maximum: 104_857_600, default: 10_485_760 }),
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

    provider: stringEnum(['smtp']),
    smtpHost: Type.Optional(Type.String({ minLength: 1 })),
    smtpPort: Type.Optional(port(587)),
    smtpTls: Type.Optional(stringEnum(['Required', 'Opportunistic', 'Disabled'], { default: 'Required' })),
    smtpUsername: Type.Optional(Type.String({ minLength: 1 })),
    smtpPassword: Type.Optional(Type.String()),
    maxPerSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    onUncertain: Type.Optional(stringEnum(['Hold', 'Resend'], { default: 'Hold' })),
  },
  { additionalProperties: false },
)

/** Settings as they are written: optional ones may be left out. */
export type WorkerSettingsInput = Static<typeof WorkerSettings>

/** Variables that hold a secret: the operator renders them as references, never as values. */
export const SECRET_SETTINGS = [
  'postgresUrl',
  'clickhouseUsername',
  'clickhousePassword',
  'smtpUsername',
  'smtpPassword',
] as const satisfies readonly (keyof WorkerSettingsInput)[]

type Defaulted =
  | 'logLevel'
  | 'httpPort'
  | 'internalPort'
  | 'maxRequestSizeBytes'
  | 'clickhouseDatabase'
  | 'smtpPort'
  | 'smtpTls'
  | 'onUncertain'

/** Settings as the worker sees them: every default filled in. */
export type WorkerSettings = WorkerSettingsInput & Required<Pick<WorkerSettingsInput, Defaulted>>

/** `maxRequestSizeBytes` → `MAX_REQUEST_SIZE_BYTES`. */
export function variableOf(setting: string): string {
  return setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

const validate = new Ajv({ useDefaults: true, allErrors: true }).compile<WorkerSettings>(WorkerSettings)

/**
 * Reads the settings out of an environment. Unknown variables are not ours and ignored; an empty one counts as unset.
 * @throws Error that names every variable at fault, one per line, never with its value.
 */
export function parseWorkerSettings(
  environment: Readonly<Record<string, string | undefined>>,
): WorkerSettings {
  const properties: Readonly<Record<string, TSchema>> = WorkerSettings.properties
  const settings: unknown = Object.fromEntries(
    Object.entries(properties).flatMap(([setting, schema]) => {
      const text = environment[variableOf(setting)]
      return text === undefined || text === '' ? [] : [[setting, valueOf(text, schema)]]
    }),
  )
  if (validate(settings)) return settings
  const faults = (validate.errors ?? []).map((fault) => {
    const missing: unknown = fault.params['missingProperty']
    const setting = typeof missing === 'string' ? missing : (fault.instancePath.split('/')[1] ?? '')
    return `${variableOf(setting)}: ${typeof missing === 'string' ? 'is required' : (fault.message ?? fault.keyword)}`
  })
  throw new Error(`the environment is not what the worker needs:\n${faults.join('\n')}`)
}

/** The environment that `parseWorkerSettings` reads back as the same settings. */
export function renderWorkerSettings(settings: Partial<WorkerSettingsInput>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([setting, value]) => [
      variableOf(setting),
      Array.isArray(value) ? value.join(',') : String(value),
    ]),
  )
}

function valueOf(text: string, schema: TSchema): unknown {
  const type: unknown = 'type' in schema ? schema.type : undefined
  if (type === 'integer') return /^\d+$/.test(text) ? Number(text) : text
  if (type === 'array') return text.split(',').map((entry) => entry.trim())
  return text
}
