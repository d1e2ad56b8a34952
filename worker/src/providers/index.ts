/** The providers a worker can send through, by the name that the settings give. */
import type { Provider } from '../sending/ports.ts'
import type { WorkerSettings } from '../../../crds/workerSettings.ts'
import { variableOf } from '../../../crds/environment.ts'
import { resend } from './resend.ts'
import { ses } from './ses.ts'
import { smtp } from './smtp/smtp.ts'

type Open = (settings: WorkerSettings, concurrency: number) => Provider

const PROVIDERS: Readonly<Record<WorkerSettings['provider'], Open>> = {
  smtp: (settings, concurrency) =>
    smtp({
      host: required(settings, 'smtpHost'),
      port: settings.smtpPort,
      tls: settings.smtpTls,
      maxMessagesPerConnection: settings.smtpMaxMessagesPerConnection,
      username: settings.smtpUsername,
      password: settings.smtpPassword,
      ca: settings.smtpCa,
      ehloName: settings.smtpEhloName,
      connections: Math.min(settings.smtpConnections, concurrency),
      timeouts: {
        connectMs: settings.smtpConnectSeconds * 1_000,
        greetingMs: settings.smtpGreetingSeconds * 1_000,
        replyMs: settings.smtpReplySeconds * 1_000,
      },
    }),
  ses: (settings, connections) =>
    ses({
      region: required(settings, 'sesRegion'),
      endpoint: settings.sesEndpoint,
      configurationSet: settings.sesConfigurationSet,
      credentials: sesCredentials(settings),
      connections,
    }),
  resend: (settings) =>
    resend({ apiKey: required(settings, 'resendApiKey'), endpoint: settings.resendEndpoint }),
}

type Text = 'smtpHost' | 'sesRegion' | 'sesAccessKeyId' | 'sesSecretAccessKey' | 'resendApiKey'

/** Half of it is a mistake, not a wish for the SDK's own. */
function sesCredentials(settings: WorkerSettings) {
  if (settings.sesAccessKeyId === undefined && settings.sesSecretAccessKey === undefined) return undefined
  return {
    accessKeyId: required(settings, 'sesAccessKeyId'),
    secretAccessKey: required(settings, 'sesSecretAccessKey'),
  }
}

function required(settings: WorkerSettings, name: Text): string {
  const value = settings[name]
  if (value === undefined)
    throw new Error(`${variableOf(name)}: is required with PROVIDER=${settings.provider}`)
  return value
}

/** @param concurrency mails under way at once */
export function openProvider(settings: WorkerSettings, concurrency: number): Provider {
  return PROVIDERS[settings.provider](settings, concurrency)
}
