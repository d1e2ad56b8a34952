import { expect, it } from 'vitest'
import type { WorkerSeen } from './seen.ts'
import type { WorkerSpec } from '../../../../crds/schema/worker.ts'
import { NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { refusedProvider } from './refusedProviders.ts'

type Provider = WorkerSpec['provider']

const SMTP =
  'the SMTP server refuses the credentials of Secret smtp (username, password), as the workers see it'
const ref = (name: string) => ({ credentialsSecretRef: { name } })
const unleash = { url: 'https://unleash.example.com/api', tokenSecretRef: { name: 'flags' } }
const asking = (provider: Provider, more: object = {}) =>
  sender({
    spec: { ...SPEC, worker: { ...SPEC.worker, provider, features: { provider: 'Unleash', unleash } } },
    ...more,
  })
const smtp: Provider = { smtp: { host: 'mail.example.com', ...ref('smtp') } }
const told = (message: string) => ({
  status: {
    conditions: [
      {
        type: 'WorkerReady',
        status: 'False' as const,
        reason: 'CredentialsRefused',
        message,
        observedGeneration: 1,
        lastTransitionTime: NOW.toISOString(),
      },
    ],
  },
})
const ask = (who: ReturnType<typeof asking>, seen?: WorkerSeen, lookedAt = NOW) =>
  refusedProvider(snapshot({ sender: who, evidence: seen ? { workerEvidence: { seen, lookedAt } } : {} }))

it.each<{ provider: Provider; says: string | undefined }>([
  { provider: smtp, says: SMTP },
  { provider: { smtp: { host: 'mail.example.com' } }, says: undefined },
  {
    provider: { ses: { region: 'eu-west-1', ...ref('aws') } },
    says: 'Amazon SES refuses the credentials of Secret aws (accessKeyId, secretAccessKey), as the workers see it',
  },
  { provider: { ses: { region: 'eu-west-1' } }, says: undefined },
  {
    provider: { resend: ref('key') },
    says: 'Resend refuses the credentials of Secret key (apiKey), as the workers see it',
  },
])('a provider that refuses: $says', ({ provider, says }) => {
  expect(ask(asking(provider), { reached: true, providerRefuses: true })).toBe(says)
})

it('Unleash that refuses', () => {
  expect(ask(asking(smtp), { reached: true, featuresRefuse: true })).toBe(
    'Unleash refuses the credentials of Secret flags (token), as the workers see it',
  )
})

it('stands until a worker says otherwise', () => {
  const who = asking(smtp, told(SMTP))
  expect(ask(who)).toBe(SMTP)
  expect(ask(who, { reached: false })).toBe(SMTP)
  expect(ask(who, { reached: true }, new Date(NOW.getTime() - 120_000))).toBe(SMTP)
  expect(ask(who, { reached: true })).toBeUndefined()
  expect(ask(asking(smtp, told('ClickHouse refuses the credentials of …')))).toBeUndefined()
})
