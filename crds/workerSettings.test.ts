import { describe, expect, it } from 'vitest'
import { variableOf } from './environment.ts'
import { parseWorkerSettings, renderWorkerSettings } from './workerSettings.ts'

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

  it('spell variables as people expect', () => {
    expect(variableOf('maxRequestSizeBytes')).toBe('MAX_REQUEST_SIZE_BYTES')
  })
})
