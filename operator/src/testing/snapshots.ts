/** Snapshots for tests: a BatchSender in the state that a test needs, everything else as it should be. */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type {
  CertificateFacts,
  ReferenceFacts,
  SecretFacts,
  Sender,
  Snapshot,
} from '../components/snapshot.ts'
import type { NodeHandshake } from '../components/nats/seen.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import { natsNodes, natsSecrets, serverDnsNames, identityName } from '../components/parts/natsTopology.ts'
import { wishedConfiguration } from '../components/nats/template.ts'
import { dataKeySecrets } from '../components/nats/dataKey.ts'
import { DATA_KEY } from '../vocabulary/dataKey.ts'
import { fingerprintSecret } from '../vocabulary/fingerprint.ts'

export const NOW = new Date('2026-11-23T12:00:00Z')
const DAY_MS = 86_400_000

export const SPEC: BatchSenderSpec = {
  worker: {
    provider: { smtp: { host: 'mail.example.com', credentialsSecretRef: { name: 'smtp' } } },
    http: { tokensSecretRef: { name: 'api-tokens' } },
  },
  postgres: { credentialsSecretRef: { name: 'postgres' } },
  nats: { managed: { replicas: 1 } },
}

export function sender(more: Partial<Sender> = {}): Sender {
  return {
    name: 'orders',
    namespace: 'mail',
    uid: 'uid-orders',
    generation: 1,
    spec: SPEC,
    specHash: 'hash',
    specFaults: [],
    status: {},
    requests: {},
    adoptsOrphans: false,
    ...more,
  }
}

export const INSTALLATION = {
  workerImage: 'batchsender/worker:test',
  natsImage: 'nats:test',
  imagePullPolicy: 'IfNotPresent',
  clusterDomain: 'cluster.local',
  podUser: 'Fixed',
  operatorNamespace: 'batchsender-system',
} as const

export function certificate(more: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    serial: '01',
    subject: 'CN=test',
    notBefore: new Date(NOW.getTime() - DAY_MS),
    notAfter: new Date(NOW.getTime() + 89 * DAY_MS),
    isCa: false,
    dnsNames: [],
    usages: ['serverAuth', 'clientAuth'],
    keyHash: 'leaf-key',
    keyMatches: true,
    issuerKeyHash: 'ca-key',
    trusts: ['ca-certificate'],
    trustedKeys: ['ca-key'],
    ...more,
  }
}

const secret = (facts: CertificateFacts): SecretFacts => ({
  keys: ['ca.crt', 'tls.crt', 'tls.key'],
  deleting: false,
  certificate: facts,
})

/** Every Secret that the operator makes for `who`, in time. */
export function issuedSecrets(who: Sender): Map<string, SecretFacts> {
  const names = natsSecrets(who)
  const leaf = (dnsNames: readonly string[]) => secret(certificate({ dnsNames }))
  return new Map([
    [
      names.ca,
      secret(
        certificate({ isCa: true, keyHash: 'ca-key', notAfter: new Date(NOW.getTime() + 1_800 * DAY_MS) }),
      ),
    ],
    [names.server, leaf(serverDnsNames(who, INSTALLATION))],
    [names.worker, leaf([identityName(who, 'worker')])],
    [names.operator, leaf([identityName(who, 'operator')])],
    [names.system, leaf([identityName(who, 'system')])],
    [fingerprintSecret(who.name), { keys: ['key'], deleting: false }],
    ...dataKeys(who),
  ])
}

function dataKeys(who: Sender): [string, SecretFacts][] {
  if (who.spec.nats.managed?.encryption?.enabled !== true) return []
  const facts = { keys: [DATA_KEY], deleting: false, dataKey: { id: 'id-of-the-key' } }
  const { first, second } = dataKeySecrets(who)
  return [
    [first, facts],
    [second, facts],
  ]
}

export function reference(...keys: readonly string[]): ReferenceFacts {
  return { found: true, keys, fingerprints: Object.fromEntries(keys.map((key) => [key, `print-of-${key}`])) }
}

export function allReferences(): Map<string, ReferenceFacts> {
  return new Map([
    ['smtp', reference('password', 'username')],
    ['api-tokens', reference('alice')],
    ['postgres', reference('url')],
  ])
}

/** What a handshake shows of a node that is as it should be. */
export const nodeAsIssued = (name: string): NodeHandshake => ({
  name,
  servedSerial: '01',
  servedKeyHash: 'leaf-key',
  refusesPlain: true,
  refusesAnonymous: true,
})

/** A BatchSender whose Secrets are all there and whose NATS was seen to be well; no children yet. */
export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  const who = more.sender ?? sender()
  return {
    now: NOW,
    sender: who,
    installation: INSTALLATION,
    missingKinds: new Set(),
    children: new Map(),
    secrets: issuedSecrets(who),
    references: allReferences(),
    runs: [],
    probing: { runs: [], others: [] },
    troubles: [],
    shared: [],
    evidence: {
      natsHandshake: {
        lookedAt: NOW,
        seen: {
          nodes: [nodeAsIssued('orders-nats-0')],
        },
      },
      natsConfiguration: {
        lookedAt: NOW,
        seen: {
          wished: wishedConfiguration(who, INSTALLATION),
          nodes: natsNodes(who).map((name) => ({ name, isWished: true })),
        },
      },
      jetstream: {
        lookedAt: NOW,
        seen: {
          reached: true,
          stream: { exists: true, differs: [] },
          consumer: { exists: true, differs: [] },
        },
      },
    },
    ...more,
  }
}

/** Children as a map, the way the snapshot has them. */
export function children(...objects: readonly KubernetesObject[]): Map<string, KubernetesObject> {
  return new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]))
}
