/** The providers a worker can send through, by the name that the settings give. */
import type { Provider } from '../sending/ports.ts'
import type { WorkerSettings } from '../../../crds/workerSettings.ts'
import { smtp } from './smtp.ts'

type Open = (settings: WorkerSettings, concurrency: number) => Provider

const PROVIDERS: Readonly<Record<WorkerSettings['provider'], Open>> = {
  smtp: (settings, connections) => {
    if (settings.smtpHost === undefined) throw new Error('SMTP_HOST: is required with PROVIDER=smtp')
    return smtp({
      host: settings.smtpHost,
      port: settings.smtpPort,
      tls: settings.smtpTls,
      username: settings.smtpUsername,
      password: settings.smtpPassword,
      connections,
    })
  },
}

/** @param concurrency mails under way at once */
export function openProvider(settings: WorkerSettings, concurrency: number): Provider {
  return PROVIDERS[settings.provider](settings, concurrency)
}
