import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import { parseWorkerSettings } from '../../../../crds/workerSettings.ts'
import {
  allReferences,
  certificate,
  children,
  issuedSecrets,
  NOW,
  reference,
  sender,
  snapshot,
  SPEC,
} from '../../testing/snapshots.ts'
import { worker } from './worker.ts'

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:mail-events'

interface Pod {
  env: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]
}

const wished = (given: Snapshot) =>
  worker.desired(given).map((wish) => (wish.type === 'object' ? wish.resource.kind : wish.type))

function objectOf(given: Snapshot, kind: string): KubernetesObject {
  const wish = worker.desired(given).find((one) => one.type === 'object' && one.resource.kind === kind)
  if (wish?.type !== 'object') throw new Error(`no ${kind} is wanted`)
  return wish.object
}

/** The Job of the present image and database, in a state. */
function migration(condition?: { type: string; agoMs?: number }): KubernetesObject {
  const job = objectOf(snapshot(), 'Job')
  const lastTransitionTime = new Date(NOW.getTime() - (condition?.agoMs ?? 0)).toISOString()
  const conditions = condition
    ? [{ type: condition.type, status: 'True', lastTransitionTime, message: 'boom' }]
    : []
  return { ...job, status: { conditions } }
}

const migrated = (more: Partial<Snapshot> = {}) =>
  snapshot({ children: children(migration({ type: 'Complete' })), ...more })

function deploymentWith(status: object): KubernetesObject {
  const live = objectOf(migrated(), 'Deployment')
  return {
    ...live,
    metadata: { ...live.metadata, generation: 3 },
    status: { observedGeneration: 3, ...status },
  }
}

/** Of a spec that was brought to its end before; of a new one with -1. */
const verdictWith = (status: object, observedGeneration = 1) =>
  worker.verdict(
    snapshot({
      sender: sender({ status: { observedGeneration } }),
      children: children(migration({ type: 'Complete' }), deploymentWith(status)),
    }),
  )

const templateHash = (given: Snapshot) => {
  const { spec } = objectOf(given, 'Deployment') as {
    spec?: { template: { metadata: { annotations: object } } }
  }
  return spec?.template.metadata.annotations
}

describe('worker', () => {
  it('migrates the database before it starts anything', () => {
    expect(wished(snapshot())).not.toContain('Deployment')
    expect(wished(snapshot({ children: children(migration()) }))).not.toContain('Deployment')
    expect(wished(migrated())).toContain('Deployment')
  })

  it('waits for Secrets that are not there, and names no Deployment meanwhile', () => {
    const references = allReferences()
    references.delete('postgres')
    const pods = wished(snapshot({ references })).filter((kind) => ['Deployment', 'Job'].includes(kind))
    expect(pods).toEqual([])
    expect(worker.verdict(snapshot({ references }))).toMatchObject({ status: 'False', reason: 'Waiting' })
  })

  it('goes on while a CA cannot sign, and waits for its own certificate alone', () => {
    const secrets = issuedSecrets(sender())
    const ca = secrets.get('orders-nats-ca')
    if (ca)
      secrets.set('orders-nats-ca', { ...ca, certificate: certificate({ isCa: true, signingFault: 'no' }) })
    expect(wished(migrated({ secrets }))).toContain('Deployment')
    secrets.delete('orders-nats-worker')
    expect(wished(migrated({ secrets }))).not.toContain('Deployment')
    expect(worker.verdict(snapshot({ secrets }))).toMatchObject({ reason: 'Waiting' })
  })

  it('leaves a running Deployment alone while a Secret is missing', () => {
    const references = allReferences()
    references.delete('smtp')
    const running = children(migration({ type: 'Complete' }), deploymentWith({ availableReplicas: 2 }))
    const settled = sender({ status: { observedGeneration: 1 } })
    const wishes = wished(snapshot({ sender: settled, references, children: running }))
    expect(wishes).toEqual(['ServiceAccount', 'Service', 'PodDisruptionBudget'])
    expect(worker.verdict(snapshot({ sender: settled, references, children: running }))).toMatchObject({
      status: 'True',
    })
  })

  it.each([
    { why: 'none was named', network: {}, hints: true },
    { why: 'one was named', network: { egress: { postgres: [{ podSelector: {} }] } }, hints: false },
    { why: 'nothing is restricted', network: { policies: 'Disabled' as const }, hints: false },
  ])('says of a database that cannot be reached what may be in the way when $why', ({ network, hints }) => {
    const who = sender({ spec: { ...SPEC, network } })
    const told = (status: object) =>
      worker.verdict(snapshot({ sender: who, children: children({ ...migration(), status }) })).message
    const hint = 'spec.network.egress.postgres'
    expect(told({ active: 1 })).toBe('the database is being migrated')
    expect(told({ active: 1, failed: 2 })).toContain('after 2 tries that failed')
    expect(told({ active: 1, failed: 2 }).includes(hint)).toBe(hints)
    const conditions = [{ type: 'Failed', status: 'True', lastTransitionTime: NOW.toISOString() }]
    expect(told({ conditions }).includes(hint)).toBe(hints)
  })

  it.each([
    { why: 'all are there', status: { availableReplicas: 2 }, expected: ['True', 'Available'] },
    {
      why: 'one of two is missing, as the budget allows',
      status: { availableReplicas: 1 },
      expected: ['True', 'Available'],
    },
    { why: 'none is there', status: { availableReplicas: 0 }, expected: ['False', 'Unavailable'] },
    {
      why: 'they do not get on',
      status: {
        availableReplicas: 1,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
      expected: ['False', 'ProgressDeadlineExceeded'],
    },
  ])('judges the workers when $why', ({ status, expected }) => {
    const { status: state, reason } = verdictWith(status)
    expect([state, reason]).toEqual(expected)
  })

  it.each([
    {
      why: 'older ones still run',
      status: { updatedReplicas: 1, replicas: 3, availableReplicas: 2 },
      expected: 'RollingOut',
    },
    {
      why: 'the new ones are not available',
      status: { updatedReplicas: 2, replicas: 2, availableReplicas: 1 },
      expected: 'RollingOut',
    },
    {
      why: 'all are new and available',
      status: { updatedReplicas: 2, replicas: 2, availableReplicas: 2 },
      expected: 'Available',
    },
    {
      why: 'the controller has not seen it',
      status: { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 },
      expected: 'RollingOut',
    },
  ])('says $expected of a new spec when $why', ({ status, expected }) => {
    expect(verdictWith(status, -1).reason).toBe(expected)
  })

  it('keeps serving while another migration runs, until it has failed three times', () => {
    const told = (failed: number) =>
      worker.verdict(
        snapshot({
          sender: sender({ status: { observedGeneration: 1 } }),
          children: children(deploymentWith({ availableReplicas: 2 }), {
            ...migration(),
            status: { active: 1, failed },
          }),
        }),
      )
    expect(told(2)).toMatchObject({ status: 'True', reason: 'Available' })
    expect(told(3)).toMatchObject({ status: 'False', reason: 'Migrating' })
  })

  it('takes zero workers for a wish, not a fault', () => {
    const who = sender({ spec: { ...SPEC, worker: { ...SPEC.worker, replicas: 0 } } })
    expect(worker.verdict(migrated({ sender: who }))).toMatchObject({
      status: 'True',
      reason: 'ScaledToZero',
    })
  })

  it('rolls for the image, a setting and a secret in the environment, not for a token', () => {
    const before = templateHash(migrated())
    const installation = { ...snapshot().installation, workerImage: 'batchsender/worker:other' }
    expect(wished(migrated({ installation }))).not.toContain('Deployment') // another image migrates first
    const rotated = {
      found: true,
      keys: ['password', 'username'],
      fingerprints: { username: 'u', password: 'new' },
    } as const
    expect(templateHash(migrated({ references: allReferences().set('smtp', rotated) }))).not.toEqual(before)
    const spec = {
      ...SPEC,
      worker: { ...SPEC.worker, provider: { ...SPEC.worker.provider, maxPerSecond: 5 } },
    }
    expect(templateHash(migrated({ sender: sender({ spec }) }))).not.toEqual(before)
    expect(
      templateHash(migrated({ references: allReferences().set('api-tokens', reference('alice', 'bob')) })),
    ).toEqual(before)
  })

  it('mounts the secrets of webhooks as files, by their place in the list', () => {
    const webhookSecretRefs = [{ name: 'hook-new' }, { name: 'hook-old' }]
    const provider = { resend: { credentialsSecretRef: { name: 'account' }, webhookSecretRefs } }
    const given = migrated({
      sender: sender({ spec: { ...SPEC, worker: { ...SPEC.worker, provider } } }),
      references: allReferences()
        .set('account', reference('apiKey'))
        .set('hook-new', reference('webhookSecret'))
        .set('hook-old', reference('webhookSecret')),
    })
    const { spec } = objectOf(given, 'Deployment') as {
      spec?: { template: { spec: { containers: (Pod & { volumeMounts: object[] })[]; volumes: object[] } } }
    }
    const [container] = spec?.template.spec.containers ?? []
    expect(container?.env).toContainEqual({
      name: 'RESEND_WEBHOOK_SECRETS_DIR',
      value: '/etc/batchsender/webhooks',
    })
    expect(container?.volumeMounts).toContainEqual({
      name: 'webhooks',
      mountPath: '/etc/batchsender/webhooks',
      readOnly: true,
    })
    const source = (name: string, path: string) => ({
      secret: { name, items: [{ key: 'webhookSecret', path }] },
    })
    expect(spec?.template.spec.volumes).toContainEqual({
      name: 'webhooks',
      projected: { sources: [source('hook-new', '0'), source('hook-old', '1')], defaultMode: 0o440 },
    })
  })

  it('renders an environment that the worker parses', () => {
    const { spec } = objectOf(migrated(), 'Deployment') as {
      spec?: { template: { spec: { containers: Pod[] } } }
    }
    const variables = spec?.template.spec.containers[0]?.env ?? []
    const environment = Object.fromEntries(
      variables.map(({ name, value }) => [name, value ?? `secret-${name}`]),
    )
    expect(parseWorkerSettings(environment)).toMatchObject({
      smtpHost: 'mail.example.com',
      smtpPort: 587,
      natsStream: 'batchsender-mail-orders',
      natsServers: ['tls://orders-nats-0.orders-nats.mail.svc.cluster.local:4222'],
      onUncertain: 'Hold',
    })
  })

  it('mounts the key to unsubscribe by, waits for it, and does not roll when it changes', () => {
    const unsubscribe = { baseUrl: 'https://mail.example.com', keySecretRef: { name: 'unsubscribe' } }
    const spec = { ...SPEC, worker: { ...SPEC.worker, unsubscribe } }
    const withKey = (fingerprint: string) => {
      const facts = { found: true, keys: ['key'], fingerprints: { key: fingerprint } } as const
      return migrated({ sender: sender({ spec }), references: allReferences().set('unsubscribe', facts) })
    }
    expect(wished(migrated({ sender: sender({ spec }) }))).not.toContain('Deployment')
    expect(templateHash(withKey('new'))).toEqual(templateHash(withKey('old')))
    const { spec: rendered } = objectOf(withKey('old'), 'Deployment') as {
      spec?: { template: { spec: { containers: Pod[] } } }
    }
    const variables = rendered?.template.spec.containers[0]?.env ?? []
    const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'secret']))
    expect(parseWorkerSettings(environment)).toMatchObject({
      unsubscribeBaseUrl: 'https://mail.example.com',
      unsubscribeKeyFile: '/etc/batchsender/unsubscribe/key',
    })
    expect(JSON.stringify(rendered)).toContain('"mountPath":"/etc/batchsender/unsubscribe"')
  })

  const podWith = (features: NonNullable<Snapshot['sender']['spec']['worker']['features']>) => {
    const references = allReferences().set('unleash', reference('token'))
    const who = sender({ spec: { ...SPEC, worker: { ...SPEC.worker, features } } })
    const { spec } = objectOf(migrated({ sender: who, references }), 'Deployment') as {
      spec?: { template: { spec: { containers: Pod[]; volumes: object[] } } }
    }
    const variables = spec?.template.spec.containers[0]?.env ?? []
    const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'secret']))
    return { spec, variables, settings: parseWorkerSettings(environment) }
  }

  it('renders feature flags of the spec into the environment', () => {
    const flags = { 'wide-claims': 25, 'provider-paused': false, 'on-uncertain': 'Resend' } as const
    expect(podWith({ provider: 'Env', flags }).settings).toMatchObject({
      featuresProvider: 'Env',
      featureFlags: 'on-uncertain=Resend,provider-paused=false,wide-claims=25%',
    })
  })

  it('mounts the ConfigMap of the feature flags as a whole, whether it is there or not', () => {
    const { spec, settings } = podWith({ provider: 'ConfigMap', configMapRef: { name: 'flags' } })
    expect(settings).toMatchObject({
      featuresProvider: 'ConfigMap',
      featuresFile: '/etc/batchsender/features/flags.json',
    })
    expect(spec?.template.spec.volumes).toContainEqual({
      name: 'features',
      configMap: { name: 'flags', defaultMode: 0o440, optional: true },
    })
    const mounts = (spec?.template.spec.containers[0] as { volumeMounts?: object[] } | undefined)
      ?.volumeMounts
    expect(mounts).toContainEqual({
      name: 'features',
      mountPath: '/etc/batchsender/features',
      readOnly: true,
    })
  })

  it('waits for the token of Unleash, hands it on as a reference, and rolls when it changes', () => {
    const unleash = { url: 'https://unleash.example.com/api', tokenSecretRef: { name: 'unleash' } }
    const features = { provider: 'Unleash', unleash } as const
    const { variables, settings } = podWith(features)
    expect(settings).toMatchObject({
      featuresProvider: 'Unleash',
      unleashUrl: unleash.url,
      unleashAppName: 'batchsender',
    })
    expect(variables.find(({ name }) => name === 'UNLEASH_TOKEN')).toEqual({
      name: 'UNLEASH_TOKEN',
      valueFrom: { secretKeyRef: { name: 'unleash', key: 'token' } },
    })
    const who = sender({ spec: { ...SPEC, worker: { ...SPEC.worker, features } } })
    expect(wished(migrated({ sender: who }))).not.toContain('Deployment')
    const withToken = (fingerprint: string) => {
      const facts = { found: true, keys: ['token'], fingerprints: { token: fingerprint } } as const
      return migrated({ sender: who, references: allReferences().set('unleash', facts) })
    }
    expect(templateHash(withToken('new'))).not.toEqual(templateHash(withToken('old')))
  })

  it('renders the limits of the API', () => {
    const http = { ...SPEC.worker.http, rateLimitPerToken: 60, trustedProxies: ['10.0.0.0/8', '2001:db8::1'] }
    const spec = { ...SPEC, worker: { ...SPEC.worker, http } }
    const { spec: rendered } = objectOf(migrated({ sender: sender({ spec }) }), 'Deployment') as {
      spec?: { template: { spec: { containers: Pod[] } } }
    }
    const variables = rendered?.template.spec.containers[0]?.env ?? []
    const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'secret']))
    expect(parseWorkerSettings(environment)).toMatchObject({
      rateLimitPerIp: 100,
      rateLimitPerToken: 60,
      trustedProxies: ['10.0.0.0/8', '2001:db8::1'],
    })
  })

  it.each([
    [
      { ses: { region: 'eu-west-1', configurationSet: 'mails', credentialsSecretRef: { name: 'account' } } },
      { provider: 'ses', sesRegion: 'eu-west-1', sesConfigurationSet: 'mails' },
      { SES_ACCESS_KEY_ID: 'accessKeyId', SES_SECRET_ACCESS_KEY: 'secretAccessKey' },
    ],
    [
      { ses: { region: 'eu-west-1', topicArns: [TOPIC, `${TOPIC}-2`], signatures: 'Sha256' as const } },
      { provider: 'ses', sesTopicArns: [TOPIC, `${TOPIC}-2`], sesSignatures: 'Sha256' },
      {},
    ],
    [
      { resend: { endpoint: 'https://proxy.example.com', credentialsSecretRef: { name: 'account' } } },
      { provider: 'resend', resendEndpoint: 'https://proxy.example.com' },
      { RESEND_API_KEY: 'apiKey' },
    ],
  ])('renders the provider of %j with its secrets as references', (provider, settings, secrets) => {
    const references = allReferences().set('account', reference(...Object.values(secrets)))
    const spec = { ...SPEC, worker: { ...SPEC.worker, provider } }
    const { spec: rendered } = objectOf(migrated({ sender: sender({ spec }), references }), 'Deployment') as {
      spec?: { template: { spec: { containers: Pod[] } } }
    }
    const variables = rendered?.template.spec.containers[0]?.env ?? []
    const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'secret']))
    expect(parseWorkerSettings(environment)).toMatchObject(settings)
    for (const [name, key] of Object.entries(secrets)) {
      expect(variables.find((variable) => variable.name === name)?.valueFrom?.secretKeyRef).toEqual({
        name: 'account',
        key,
      })
    }
    expect(variables.map(({ name }) => name).filter((name) => name.startsWith('SMTP'))).toEqual([])
  })
})
