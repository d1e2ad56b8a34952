import { describe, expect, it, test } from 'vitest'
import { variableOf } from './environment.ts'
import { parseJobSettings } from './jobSettings.ts'
import { parseMigrationSettings } from './migrationSettings.ts'
import { parseWorkerSettings, renderWorkerSettings, SECRET_SETTINGS } from './workerSettings.ts'

const complete = {
  workerName: 'orders-worker-0',
  logLevel: 'debug',
  httpPort: 80,
  internalPort: 81,
  apiTokensDir: '/tokens',
  maxRequestSizeBytes: 4_096,
  rateLimitPerIp: 5,
  rateLimitPerToken: 6,
  trustedProxies: ['10.0.0.0/8', '2001:db8::/32'] as string[],
  unsubscribeBaseUrl: 'https://u',
  unsubscribeKeyFile: '/unsubscribe/key',
  postgresUrl: 'postgres://u:p@h/d?x=1,2',
  postgresCaFile: '/ca.crt',
  natsServers: ['tls://a:4222', 'tls://b:4222'],
  natsTlsDir: '/nats',
  natsStream: 's',
  natsSubject: 'a.b',
  natsConsumer: 'c',
  clickhouseUrl: 'https://c',
  clickhouseDatabase: 'd',
  clickhouseUsername: 'u',
  clickhousePassword: 'p',
  clickhouseCa: 'PEM',
  clickhouseTables: 'Expect',
  provider: 'smtp',
  smtpHost: 'm',
  smtpPort: 25,
  smtpTls: 'Disabled',
  smtpMaxMessagesPerConnection: 10,
  smtpConnections: 3,
  smtpEhloName: 'e',
  smtpCa: 'PEM',
  smtpConnectSeconds: 1,
  smtpGreetingSeconds: 2,
  smtpReplySeconds: 3,
  smtpUsername: 'u',
  smtpPassword: 'p',
  sesRegion: 'eu-west-1',
  sesEndpoint: 'https://e',
  sesConfigurationSet: 'c',
  sesTopicArns: ['arn:aws:sns:eu-west-1:123456789012:a', 'arn:aws:sns:eu-west-1:123456789012:b'],
  sesSignatures: 'Sha256',
  sesAccessKeyId: 'i',
  sesSecretAccessKey: 's',
  resendEndpoint: 'https://r',
  resendApiKey: 'k',
  resendWebhookSecretsDir: '/secrets',
  maxPerSecond: 7,
  onUncertain: 'Resend',
  featuresProvider: 'ConfigMap',
  featureFlags: 'wide-claims=25%',
  featuresFile: '/features/flags.json',
  unleashUrl: 'https://u/api',
  unleashToken: 't',
  unleashAppName: 'a',
} as const

test('migrations and Jobs take secrets without the line feed that a file ends with', () => {
  expect(parseMigrationSettings({ POSTGRES_URL: 'postgres://h/d\n' }).postgresUrl).toBe('postgres://h/d')
  const job = { RUN_NAME: 'r', DEADLINE_SECONDS: '1' }
  const clickhouse = { CLICKHOUSE_URL: 'https://c', CLICKHOUSE_DATABASE: 'd', COLLECTION: 'c' }
  expect(
    parseJobSettings('backup', {
      ...{
        ...job,
        ...clickhouse,
        SETTLE_SECONDS: '0',
        CLICKHOUSE_USERNAME: 'u\n',
        CLICKHOUSE_PASSWORD: 'p\r\n',
      },
      ...{ CHECKSUM_USERNAME: 'cu\n', CHECKSUM_PASSWORD: 'cp\n' },
    }),
  ).toMatchObject({
    ...{ clickhouseUsername: 'u', clickhousePassword: 'p', checksumUsername: 'cu', checksumPassword: 'cp' },
  })
  expect(
    parseJobSettings('retention', {
      ...{ ...job, S3_ENDPOINT: 'e', S3_BUCKET: 'b', S3_REGION: 'r', FULL_BACKUPS: '1' },
      ...{ S3_ACCESS_KEY: 'a\n', S3_SECRET_KEY: 's\n' },
    }),
  ).toMatchObject({ s3AccessKey: 'a', s3SecretKey: 's' })
})

describe('worker settings', () => {
  it('come back from the environment as they were rendered', () => {
    const settings = {
      ...complete,
      natsServers: [...complete.natsServers],
      sesTopicArns: [...complete.sesTopicArns],
    }
    expect(parseWorkerSettings(renderWorkerSettings(settings))).toEqual(settings)
  })

  it('fill in defaults and take an empty variable for an unset one', () => {
    const environment = renderWorkerSettings({ ...complete, natsServers: ['tls://a:1'], sesTopicArns: ['a'] })
    delete environment['LOG_LEVEL']
    expect(parseWorkerSettings({ ...environment, SMTP_PORT: '' })).toMatchObject({
      smtpPort: 587,
      logLevel: 'info',
    })
  })

  it('name every variable at fault and none of their values', () => {
    const environment = {
      ...renderWorkerSettings({ ...complete, natsServers: ['x'], sesTopicArns: ['a'] }),
      HTTP_PORT: 'hunter2',
      POSTGRES_URL: '',
    }
    expect(() => parseWorkerSettings(environment)).toThrow(
      /POSTGRES_URL: is required[\s\S]*HTTP_PORT|HTTP_PORT[\s\S]*POSTGRES_URL: is required/,
    )
    expect(() => parseWorkerSettings(environment)).not.toThrow(/hunter2/)
  })

  it.each(SECRET_SETTINGS)('take %s without the line feed that a file ends with', (setting) => {
    const environment = renderWorkerSettings({ ...complete, natsServers: ['x'], sesTopicArns: ['a'] })
    const parsed = (text: string) =>
      parseWorkerSettings({ ...environment, [variableOf(setting)]: text })[setting]
    expect(['s\n', 's\r\n', 's'].map(parsed)).toEqual(['s', 's', 's'])
    expect(['s\n\n', ' s ', 'a\nb\n'].map(parsed)).toEqual(['s\n', ' s ', 'a\nb'])
  })

  it('take a secret of nothing but a line feed for an unset one', () => {
    const environment = renderWorkerSettings({ ...complete, natsServers: ['x'], sesTopicArns: ['a'] })
    expect(() => parseWorkerSettings({ ...environment, POSTGRES_URL: '\n' })).toThrow(
      'POSTGRES_URL: is required',
    )
  })

  it('spell variables as people expect', () => {
    expect(variableOf('maxRequestSizeBytes')).toBe('MAX_REQUEST_SIZE_BYTES')
  })
})
