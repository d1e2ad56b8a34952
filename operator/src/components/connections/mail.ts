/** The mail provider: one of SMTP, Amazon SES and Resend. */
import type { V1Volume } from '@kubernetes/client-node'
import type { WorkerSpec } from '../../../../crds/schema/worker.ts'
import type { WorkerSettingsInput } from '../../../../crds/workerSettings.ts'
import type { Raw } from '../parts/manifests.ts'
import type { Connection, SecretKey, SecretSetting } from './connection.ts'
import { webAddresses } from '../parts/addresses.ts'
import { reference, ROOT } from './connection.ts'

const SMTP_PORT = 587
/** The key of a Secret that webhooks are signed with. */
const WEBHOOK_SECRET = 'webhookSecret'

type Provider = WorkerSpec['provider']
type Secrets = Partial<Record<SecretSetting, SecretKey>>

export const mail: Connection = {
  references: ({ worker: { provider } }) => {
    const { smtp, ses, resend } = provider
    const at = 'spec.worker.provider'
    return [
      ...reference(`${at}.smtp.credentialsSecretRef`, smtp?.credentialsSecretRef, ['username', 'password']),
      ...reference(`${at}.smtp.caSecretRef`, smtp?.caSecretRef, ['ca.crt']),
      ...reference(`${at}.ses.credentialsSecretRef`, ses?.credentialsSecretRef, [
        'accessKeyId',
        'secretAccessKey',
      ]),
      ...reference(`${at}.resend.credentialsSecretRef`, resend?.credentialsSecretRef, ['apiKey']),
      ...(resend?.webhookSecretRefs ?? []).flatMap((ref, index) =>
        reference(`${at}.resend.webhookSecretRefs[${index}]`, ref, [WEBHOOK_SECRET]),
      ),
    ]
  },
  settings: ({ sender }) => {
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
  },
  secrets: ({ sender }) => {
    const { smtp, ses, resend } = sender.spec.worker.provider
    return {
      ...(smtp && smtpSecrets(smtp)),
      ...(ses?.credentialsSecretRef && {
        sesAccessKeyId: [ses.credentialsSecretRef.name, 'accessKeyId'],
        sesSecretAccessKey: [ses.credentialsSecretRef.name, 'secretAccessKey'],
      }),
      ...(resend && { resendApiKey: [resend.credentialsSecretRef.name, 'apiKey'] }),
    }
  },
  files: ({ spec }) => webhookFiles(spec.worker.provider),
  way: {
    destination: 'mail',
    dialledBy: ['worker'],
    addresses: ({ spec }) => {
      const { smtp, ses, resend } = spec.worker.provider
      return [
        ...(smtp ? [{ host: smtp.host, port: smtp.port ?? SMTP_PORT }] : []),
        ...(ses ? webAddresses(ses.endpoint ?? `https://email.${ses.region}.amazonaws.com`) : []),
        ...(resend ? webAddresses(resend.endpoint ?? 'https://api.resend.com') : []),
      ]
    },
  },
}

type Smtp = NonNullable<Provider['smtp']>

function smtpSecrets({ credentialsSecretRef: login, caSecretRef: ca }: Smtp): Secrets {
  return {
    ...(login && { smtpUsername: [login.name, 'username'], smtpPassword: [login.name, 'password'] }),
    ...(ca && { smtpCa: [ca.name, 'ca.crt'] }),
  }
}

function smtpOptions(smtp: Smtp): Partial<WorkerSettingsInput> {
  return {
    smtpHost: smtp.host,
    smtpPort: smtp.port ?? SMTP_PORT,
    smtpTls: smtp.tls ?? 'Required',
    smtpMaxMessagesPerConnection: smtp.maxMessagesPerConnection ?? 100,
    smtpConnections: smtp.connections ?? 20,
    ...(smtp.ehloName !== undefined && { smtpEhloName: smtp.ehloName }),
    ...smtpTimeouts(smtp.timeouts),
  }
}

/** RFC 5321 §4.5.3.2, but for connecting. */
function smtpTimeouts(timeouts: Smtp['timeouts'] = {}): Partial<WorkerSettingsInput> {
  const { connectSeconds = 15, greetingSeconds = 300, replySeconds = 600 } = timeouts
  return {
    smtpConnectSeconds: connectSeconds,
    smtpGreetingSeconds: greetingSeconds,
    smtpReplySeconds: replySeconds,
  }
}

function sesOptions({
  endpoint,
  configurationSet,
  topicArns,
  signatures,
}: NonNullable<Provider['ses']>): Partial<WorkerSettingsInput> {
  return {
    ...(topicArns && { sesTopicArns: [...topicArns], sesSignatures: signatures ?? 'Any' }),
    ...(endpoint !== undefined && { sesEndpoint: endpoint }),
    ...(configurationSet !== undefined && { sesConfigurationSet: configurationSet }),
  }
}

/** Each secret as a file that is named after its place in the list. */
function webhookFiles({ resend }: Provider): Raw<V1Volume>[] {
  if (!resend?.webhookSecretRefs) return []
  const sources = resend.webhookSecretRefs.map(({ name }, index) => ({
    secret: { name, items: [{ key: WEBHOOK_SECRET, path: String(index) }] },
  }))
  return [{ name: 'webhooks', projected: { sources, defaultMode: 0o440 } }]
}
