/**
 * What another value of each key of each Secret that a spec may name changes among what is wished. What is not changed by
 * it is read anew: files by whoever has them mounted, variables by Jobs when their next pod starts.
 */
import { expect, test } from 'vitest'
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { ReferenceFacts, Sender } from './snapshot.ts'
import { children, reference, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { components } from './index.ts'
import { references } from './connections/index.ts'

const NATS_TLS = { tlsSecretRef: { name: 'nats-client' } }
const BACKUP = {
  destination: {
    namedCollection: 's3',
    s3: { endpoint: 'https://s3.example.com', bucket: 'b', credentialsSecretRef: { name: 'bucket' } },
  },
  retention: { fullBackups: 3 },
  verify: {},
}
const withProvider = (provider: BatchSenderSpec['worker']['provider']): BatchSenderSpec => ({
  ...SPEC,
  worker: { ...SPEC.worker, provider },
})

/** Together they name every Secret that there can be. */
const SPECS: readonly BatchSenderSpec[] = [
  {
    ...withProvider({
      smtp: {
        host: 'mail.example.com',
        credentialsSecretRef: { name: 'smtp' },
        caSecretRef: { name: 'smtp-ca' },
      },
    }),
    nats: { managed: {}, tls: { issuerSecretRef: { name: 'issuer' } } },
    clickhouse: {
      external: { url: 'https://clickhouse:8443', credentialsSecretRef: { name: 'clickhouse' } },
      backup: BACKUP,
    },
  },
  {
    ...withProvider({ ses: { region: 'eu-west-1', credentialsSecretRef: { name: 'ses' } } }),
    nats: { external: { servers: ['tls://nats.example.com:4222'], ...NATS_TLS } },
  },
  {
    ...withProvider({
      resend: { credentialsSecretRef: { name: 'resend' }, webhookSecretRefs: [{ name: 'webhook' }] },
    }),
  },
].map((spec) => ({
  ...spec,
  worker: {
    ...spec.worker,
    unsubscribe: { baseUrl: 'https://mail.example.com', keySecretRef: { name: 'unsubscribe' } },
    features: {
      provider: 'Unleash' as const,
      unleash: { url: 'https://unleash.example.com/api', tokenSecretRef: { name: 'unleash' } },
    },
  },
}))

/** Of API tokens any key is one. */
const keysOf = ({ required, optional }: ReturnType<typeof references>[number]) =>
  required.length + optional.length > 0 ? [...required, ...optional] : ['alice']

type Facts = ReadonlyMap<string, ReferenceFacts>

/** Every object that is wished once the database is migrated, by its text. */
function wished(who: Sender, facts: Facts): ReadonlyMap<string, string> {
  const first = objects(who, facts, new Map())
  const jobs = [...first.values()]
    .filter(({ kind }) => kind === 'Job')
    .map((job) => ({ ...job, status: { conditions: [{ type: 'Complete', status: 'True' }] } }))
  const all = [...first.values(), ...objects(who, facts, children(...jobs)).values()]
  return new Map(
    all.map((object) => {
      // The name of a Job has a hash of what it is about.
      const name = object.metadata.name.replace(/-[0-9a-f]{10}$/, '')
      return [`${object.kind} ${name}`, JSON.stringify(object)]
    }),
  )
}

function objects(who: Sender, facts: Facts, live: ReturnType<typeof children>) {
  const given = snapshot({ sender: who, references: facts, children: live })
  const all = components
    .flatMap((each) => each.desired(given))
    .flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
  return children(...all)
}

/** Each Secret is there, with every key. */
const factsOf = (spec: BatchSenderSpec) =>
  new Map(references(spec).map((one) => [one.secret, reference(...keysOf(one))] as const))

function changedBy(spec: BatchSenderSpec, secret: string, key: string): readonly string[] {
  const who = sender({ spec })
  const facts = factsOf(spec)
  const before = wished(who, facts)
  const seen = facts.get(secret)
  if (seen?.found !== true) throw new Error(`no Secret ${secret}`)
  const other = { ...seen, fingerprints: { ...seen.fingerprints, [key]: 'another' } }
  const after = wished(who, new Map([...facts, [secret, other]]))
  return [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name)
}

const WORKERS = ['Deployment orders-worker']
const MIGRATION = ['Job orders-migrate']
/** Files, read anew by whoever has them mounted. */
const FILES: readonly string[] = []
/** Variables of Jobs, read when the next pod of one starts, and what the operator reads for itself. */
const NEXT_TIME: readonly string[] = []
/** Certificates are issued anew by what the CA shows, not by its value: natsTls.test.ts. */
const BY_FACTS: readonly string[] = []

/** By where the Secret is named, and key. */
const CHANGES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'worker.http.tokensSecretRef': { alice: FILES },
  'worker.unsubscribe.keySecretRef': { key: FILES },
  'postgres.credentialsSecretRef': {
    url: [...MIGRATION, ...WORKERS],
    directUrl: MIGRATION,
    'ca.crt': FILES,
  },
  'nats.tls.issuerSecretRef': { 'tls.crt': BY_FACTS, 'tls.key': BY_FACTS },
  'nats.external.tlsSecretRef': { 'tls.crt': FILES, 'tls.key': FILES, 'ca.crt': FILES },
  'clickhouse.external.credentialsSecretRef': {
    username: WORKERS,
    password: WORKERS,
    'ca.crt': WORKERS,
    ...Object.fromEntries(
      ['operator', 'backup', 'checksum', 'verify'].flatMap((role) =>
        ['username', 'password'].map((key) => [`${role}-${key}`, NEXT_TIME]),
      ),
    ),
  },
  'worker.provider.smtp.credentialsSecretRef': { username: WORKERS, password: WORKERS },
  'worker.provider.smtp.caSecretRef': { 'ca.crt': WORKERS },
  'worker.provider.ses.credentialsSecretRef': { accessKeyId: WORKERS, secretAccessKey: WORKERS },
  'worker.provider.resend.credentialsSecretRef': { apiKey: WORKERS },
  'worker.provider.resend.webhookSecretRefs[0]': { webhookSecret: FILES },
  'worker.features.unleash.tokenSecretRef': { token: WORKERS },
  'clickhouse.backup.destination.s3.credentialsSecretRef': { accessKey: NEXT_TIME, secretKey: NEXT_TIME },
}

const named = SPECS.flatMap((spec) =>
  references(spec).flatMap((one) =>
    keysOf(one).map((key) => ({ spec, path: one.path, secret: one.secret, key })),
  ),
)

test('every key that a spec may name is in the table, and nothing else', () => {
  const rows = Object.entries(CHANGES).flatMap(([path, keys]) =>
    Object.keys(keys).map((key) => `spec.${path} ${key}`),
  )
  expect([...new Set(named.map(({ path, key }) => `${path} ${key}`))].sort()).toEqual(rows.sort())
})

test('what is wished has all that could be changed', () => {
  const [spec = SPEC] = SPECS
  const kinds = [...wished(sender({ spec }), factsOf(spec)).keys()].map((name) => name.split(' ')[0])
  expect(kinds).toEqual(expect.arrayContaining(['Deployment', 'Job', 'CronJob', 'StatefulSet']))
})

test.each(named)('another $key of $path', ({ spec, path, secret, key }) => {
  expect(changedBy(spec, secret, key)).toEqual(CHANGES[path.replace('spec.', '')]?.[key])
})
