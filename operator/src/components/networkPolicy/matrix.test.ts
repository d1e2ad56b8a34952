import { describe, expect, it } from 'vitest'
import type { GatewaySpec } from '../../../../crds/schema/gateway.ts'
import type { NetworkSpec } from '../../../../crds/schema/network.ts'
import type { Sender } from '../snapshot.ts'
import { allows, type Endpoint, type World } from '../../testing/networkPolicies.ts'
import { sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { labels } from '../parts/labels.ts'
import { policies } from './policies.ts'

const named = (name: string, more: Record<string, string> = {}) => ({
  'kubernetes.io/metadata.name': name,
  ...more,
})

const NAMESPACES = {
  mail: named('mail'),
  shop: named('shop', { team: 'shop' }),
  data: named('data'),
  observability: named('observability'),
  'batchsender-system': named('batchsender-system'),
  'kube-system': named('kube-system'),
}

const pod = (namespace: string, podLabels: Readonly<Record<string, string>>): Endpoint => ({
  address: '10.244.0.9',
  pod: { namespace, labels: podLabels },
})
const ours = (part: string, who: Sender = sender()) => pod(who.namespace, labels(who, part))
const outside = (address: string): Endpoint => ({ address })

/** Everybody who speaks or is spoken to; who has the labels of one of ours in another namespace is an impostor. */
const WHO = {
  worker: ours('worker'),
  nats: ours('nats'),
  migration: ours('migration'),
  backup: ours('backup'),
  verify: ours('verify'),
  retention: ours('retention'),
  operator: pod('batchsender-system', { 'app.kubernetes.io/name': 'batchsender-operator' }),
  'other pod of the operator namespace': pod('batchsender-system', {}),
  'operator label elsewhere': pod('shop', { 'app.kubernetes.io/name': 'batchsender-operator' }),
  neighbour: pod('mail', { app: 'something' }),
  'worker of another sender': ours('worker', sender({ name: 'letters' })),
  'impostor worker in another namespace': pod('shop', labels(sender(), 'worker')),
  'shop frontend': pod('shop', { app: 'frontend' }),
  'shop database': pod('shop', { app: 'database' }),
  prometheus: pod('observability', { app: 'prometheus' }),
  clickhouse: pod('data', { app: 'clickhouse' }),
  dns: pod('kube-system', { 'k8s-app': 'kube-dns' }),
  'other kube-system pod': pod('kube-system', { app: 'proxy' }),
  'dns label elsewhere': pod('shop', { 'k8s-app': 'kube-dns' }),
  'node-local dns': outside('169.254.20.10'),
  'public host': outside('203.0.113.7'),
  'public host over IPv6': outside('2001:db8::7'),
  metadata: outside('169.254.169.254'),
  'metadata over IPv6': outside('fd00:ec2::254'),
  'metadata in shared space': outside('100.100.100.200'),
  'metadata on a public address': outside('168.63.129.16'),
  'private host': outside('10.1.2.3'),
  'api server': outside('10.96.0.1'),
} as const
type Who = keyof typeof WHO

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:deliveries'

/** What the samples of the reference have: managed NATS, ClickHouse of the cluster, everything else outside. */
const bucketAt = (endpoint: string) => ({
  destination: {
    namedCollection: 'backup_s3',
    s3: { endpoint, bucket: 'mail', credentialsSecretRef: { name: 'bucket' } },
  },
  retention: {},
})
const CLICKHOUSE = {
  external: { url: 'https://clickhouse.data.svc:8443' },
  backup: bucketAt('https://s3.example.com'),
}

function worldOf(network: NetworkSpec = {}, more: Partial<Sender['spec']> = {}): World {
  const who = sender({ spec: { ...SPEC, clickhouse: CLICKHOUSE, network, ...more } })
  return { policies: policies(snapshot({ sender: who })), namespaces: NAMESPACES }
}

const judge = (world: World, from: Who, to: Who, port: number, protocol: 'TCP' | 'UDP' = 'TCP') =>
  allows(world, { from: WHO[from], to: WHO[to], port, protocol })

type Cell = readonly [from: Who, to: Who, port: number, protocol?: 'UDP']

const MUST_ALLOW: readonly Cell[] = [
  ['worker', 'dns', 53, 'UDP'],
  ['worker', 'dns', 53],
  ['worker', 'node-local dns', 53, 'UDP'],
  ['nats', 'dns', 53, 'UDP'],
  ['migration', 'dns', 53, 'UDP'],
  ['backup', 'dns', 53, 'UDP'],
  ['worker', 'nats', 4222],
  ['worker', 'clickhouse', 8443],
  ['worker', 'public host', 5432],
  ['worker', 'public host over IPv6', 5432],
  ['worker', 'public host', 587],
  ['migration', 'public host', 5432],
  ['nats', 'nats', 6222],
  ['operator', 'nats', 4222],
  ['operator', 'worker', 8081],
  ['neighbour', 'worker', 8080],
  ['backup', 'clickhouse', 8443],
  ['verify', 'clickhouse', 8443],
  ['retention', 'public host', 443],
]

const MUST_DENY: readonly Cell[] = [
  ['worker', 'nats', 6222],
  ['worker', 'nats', 8222],
  ['worker', 'worker', 8080],
  ['worker', 'metadata', 80],
  ['worker', 'metadata', 5432],
  ['worker', 'metadata', 587],
  ['worker', 'metadata over IPv6', 5432],
  ['worker', 'metadata in shared space', 5432],
  ['worker', 'metadata on a public address', 5432],
  ['worker', 'metadata', 53, 'UDP'],
  ['worker', 'private host', 5432],
  ['worker', 'private host', 587],
  ['worker', 'api server', 443],
  ['worker', 'public host', 443],
  ['worker', 'public host', 80],
  ['worker', 'public host', 25],
  ['worker', 'public host', 53, 'UDP'],
  ['worker', 'other kube-system pod', 53, 'UDP'],
  ['worker', 'dns label elsewhere', 53, 'UDP'],
  ['worker', 'dns', 443],
  ['worker', 'clickhouse', 9000],
  ['worker', 'shop database', 5432],
  ['nats', 'worker', 8080],
  ['nats', 'nats', 4222],
  ['nats', 'public host', 443],
  ['nats', 'metadata', 80],
  ['migration', 'nats', 4222],
  ['migration', 'clickhouse', 8443],
  ['migration', 'public host', 587],
  ['migration', 'metadata', 80],
  ['backup', 'public host', 443],
  ['backup', 'nats', 4222],
  ['backup', 'public host', 5432],
  ['backup', 'metadata', 80],
  ['verify', 'public host', 443],
  ['retention', 'clickhouse', 8443],
  ['retention', 'private host', 443],
  ['retention', 'metadata', 443],
  ['operator', 'nats', 6222],
  ['operator', 'nats', 8222],
  ['operator', 'worker', 8080],
  ['other pod of the operator namespace', 'nats', 4222],
  ['other pod of the operator namespace', 'worker', 8081],
  ['operator label elsewhere', 'nats', 4222],
  ['operator label elsewhere', 'worker', 8081],
  ['neighbour', 'nats', 4222],
  ['neighbour', 'nats', 6222],
  ['neighbour', 'nats', 8222],
  ['neighbour', 'worker', 8081],
  ['neighbour', 'migration', 8080],
  ['neighbour', 'backup', 8080],
  ['worker of another sender', 'nats', 4222],
  ['impostor worker in another namespace', 'nats', 4222],
  ['impostor worker in another namespace', 'worker', 8080],
  ['shop frontend', 'worker', 8080],
  ['shop frontend', 'nats', 4222],
  ['prometheus', 'worker', 8081],
  ['prometheus', 'nats', 8222],
  ['public host', 'worker', 8080],
  ['private host', 'nats', 4222],
  ['metadata', 'worker', 8080],
]

const cells = (list: readonly Cell[]) =>
  list.map(([from, to, port, protocol]) => ({ from, to, port, protocol: protocol ?? ('TCP' as const) }))

describe('the matrix of who may reach whom', () => {
  const world = worldOf()
  const none: World = { policies: [], namespaces: NAMESPACES }

  it.each(cells(MUST_ALLOW))('lets $from reach $to on $protocol $port', ({ from, to, port, protocol }) => {
    expect(judge(world, from, to, port, protocol)).toBe(true)
  })

  it.each(cells(MUST_DENY))(
    'stops $from from reaching $to on $protocol $port',
    ({ from, to, port, protocol }) => {
      expect(judge(world, from, to, port, protocol)).toBe(false)
    },
  )

  it.each(
    cells([
      ['worker', 'nats', 6222],
      ['worker', 'nats', 8222],
      ['worker', 'worker', 8080],
      ['nats', 'worker', 8081],
      ['migration', 'nats', 4222],
      ['backup', 'nats', 4222],
      ['retention', 'worker', 8081],
    ]),
  )('stops $from from reaching $to on $port at either end alone', ({ from, to, port }) => {
    const oneEnd = (direction: string): World => ({
      ...world,
      policies: world.policies
        .filter(({ spec }) => spec.policyTypes?.includes(direction))
        .map((policy) => ({ ...policy, spec: { ...policy.spec, policyTypes: [direction] } })),
    })
    // A worker is a neighbour of the others, and neighbours may call the API: that end is open.
    expect(judge(oneEnd('Ingress'), from, to, port)).toBe(to === 'worker' && port === 8080)
    expect(judge(oneEnd('Egress'), from, to, port)).toBe(false)
  })

  it('would stop nothing without the policies', () => {
    expect(MUST_DENY.every(([from, to, port, protocol]) => judge(none, from, to, port, protocol))).toBe(true)
  })

  it.each(
    cells([
      ['neighbour', 'shop database', 5432],
      ['shop frontend', 'neighbour', 80],
      ['worker of another sender', 'shop database', 5432],
      ['public host', 'neighbour', 80],
    ]),
  )('leaves $from and $to alone: they are not ours', ({ from, to, port }) => {
    expect(judge(world, from, to, port)).toBe(true)
  })
})

const behind = (from: GatewaySpec['from']): { gateway: GatewaySpec } => ({
  gateway: { parentRef: { name: 'public' }, hostnames: ['mail.example.com'], from },
})

describe('what the spec opens and closes', () => {
  const peer = (namespace: string, app?: string) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ...(app !== undefined && { podSelector: { matchLabels: { app } } }),
  })
  const nats = { external: { servers: ['tls://nats.data.svc:4333', 'tls://198.51.100.9'] } }
  const anywhere = { ipBlock: { cidr: '0.0.0.0/0' } }

  it.each<{
    why: string
    network: NetworkSpec
    cell: Cell
    expected: boolean
    spec?: Partial<Sender['spec']>
  }>([
    {
      why: 'a named client',
      network: { clients: [peer('shop', 'frontend')] },
      cell: ['shop frontend', 'worker', 8080],
      expected: true,
    },
    {
      why: 'who is not that client',
      network: { clients: [peer('shop', 'frontend')] },
      cell: ['shop database', 'worker', 8080],
      expected: false,
    },
    {
      why: 'neighbours once clients are named',
      network: { clients: [peer('shop', 'frontend')] },
      cell: ['neighbour', 'worker', 8080],
      expected: false,
    },
    {
      why: 'neighbours when nobody is named',
      network: { clients: [] },
      cell: ['neighbour', 'worker', 8080],
      expected: false,
    },
    {
      why: 'the evidence port for clients',
      network: { clients: [peer('shop')] },
      cell: ['shop frontend', 'worker', 8081],
      expected: false,
    },
    {
      why: 'the pods of the gateway',
      network: { clients: [] },
      spec: behind({ pods: [peer('shop', 'frontend')], addresses: ['10.0.0.0/8'] }),
      cell: ['shop frontend', 'worker', 8080],
      expected: true,
    },
    {
      why: 'the evidence port for the gateway',
      network: {},
      spec: behind({ pods: [peer('shop', 'frontend')] }),
      cell: ['shop frontend', 'worker', 8081],
      expected: false,
    },
    {
      why: 'who is not the gateway',
      network: { clients: [] },
      spec: behind({ pods: [peer('shop', 'frontend')] }),
      cell: ['shop database', 'worker', 8080],
      expected: false,
    },
    {
      why: 'neighbours beside the gateway',
      network: {},
      spec: behind({ pods: [peer('shop', 'frontend')] }),
      cell: ['neighbour', 'worker', 8080],
      expected: true,
    },
    {
      why: 'addresses that are only believed where the pods are named',
      network: { clients: [] },
      spec: behind({ pods: [peer('shop', 'frontend')], addresses: ['10.0.0.0/8'] }),
      cell: ['private host', 'worker', 8080],
      expected: false,
    },
    {
      why: 'addresses of a gateway that is told by nothing else',
      network: { clients: [] },
      spec: behind({ addresses: ['10.0.0.0/8'] }),
      cell: ['private host', 'worker', 8080],
      expected: true,
    },
    {
      why: 'who is named for NATS',
      network: { natsClients: [peer('shop', 'frontend')] },
      cell: ['shop frontend', 'nats', 4222],
      expected: true,
    },
    {
      why: 'the routes for who is named for NATS',
      network: { natsClients: [peer('shop', 'frontend')] },
      cell: ['shop frontend', 'nats', 6222],
      expected: false,
    },
    {
      why: 'Prometheus that is named',
      network: { monitoring: [peer('observability')] },
      cell: ['prometheus', 'worker', 8081],
      expected: true,
    },
    {
      why: 'the API for Prometheus',
      network: { monitoring: [peer('observability')] },
      cell: ['prometheus', 'worker', 8080],
      expected: false,
    },
    {
      why: 'a database in the cluster that is named',
      network: { egress: { postgres: [peer('shop', 'database')] } },
      cell: ['worker', 'shop database', 5432],
      expected: true,
    },
    {
      why: 'the same for the migration',
      network: { egress: { postgres: [peer('shop', 'database')] } },
      cell: ['migration', 'shop database', 5432],
      expected: true,
    },
    {
      why: 'its neighbour',
      network: { egress: { postgres: [peer('shop', 'database')] } },
      cell: ['worker', 'shop frontend', 5432],
      expected: false,
    },
    {
      why: 'the public ranges once it is named',
      network: { egress: { postgres: [peer('shop', 'database')] } },
      cell: ['worker', 'public host', 5432],
      expected: false,
    },
    {
      why: 'any database when the list is empty',
      network: { egress: { postgres: [] } },
      cell: ['worker', 'public host', 5432],
      expected: false,
    },
    {
      why: 'any mail server when the list is empty',
      network: { egress: { mail: [] } },
      cell: ['worker', 'public host', 587],
      expected: false,
    },
    {
      why: 'another port of PostgreSQL',
      network: { ports: { postgres: [5432, 6543] } },
      cell: ['worker', 'public host', 6543],
      expected: true,
    },
    {
      why: 'the first port beside it',
      network: { ports: { postgres: [5432, 6543] } },
      cell: ['worker', 'public host', 5432],
      expected: true,
    },
    {
      why: 'a private host that is named',
      network: { egress: { mail: [{ ipBlock: { cidr: '10.1.2.0/24' } }] } },
      cell: ['worker', 'private host', 587],
      expected: true,
    },
    {
      why: 'ports of others on a host that is named',
      network: { egress: { mail: [anywhere] } },
      cell: ['worker', 'metadata', 80],
      expected: false,
    },
    {
      why: 'DNS on another port',
      network: { ports: { dns: [5353] } },
      cell: ['worker', 'dns', 5353, 'UDP'],
      expected: true,
    },
    {
      why: 'DNS elsewhere',
      network: { egress: { dns: [peer('shop')] } },
      cell: ['worker', 'dns label elsewhere', 53, 'UDP'],
      expected: true,
    },
    {
      why: 'DNS of the cluster when it is elsewhere',
      network: { egress: { dns: [peer('shop')] } },
      cell: ['worker', 'dns', 53, 'UDP'],
      expected: false,
    },
    {
      why: 'a DNS address that is named',
      network: { dnsCidrs: ['203.0.113.7/32'] },
      cell: ['worker', 'public host', 53, 'UDP'],
      expected: true,
    },
    {
      why: 'the DNS cache of the node when addresses are named',
      network: { dnsCidrs: ['203.0.113.7/32'] },
      cell: ['worker', 'node-local dns', 53, 'UDP'],
      expected: false,
    },
    {
      why: 'any DNS when there is none',
      network: { dnsCidrs: [], egress: { dns: [] } },
      cell: ['worker', 'dns', 53, 'UDP'],
      expected: false,
    },
    {
      why: 'the namespace of a mail Service',
      network: {},
      spec: smtp('relay.shop.svc.cluster.local', 2525),
      cell: ['worker', 'shop frontend', 2525],
      expected: true,
    },
    {
      why: 'the public ranges for a mail Service',
      network: {},
      spec: smtp('relay.shop.svc.cluster.local', 2525),
      cell: ['worker', 'public host', 2525],
      expected: false,
    },
    {
      why: 'the own namespace for a name without dots',
      network: {},
      spec: smtp('relay', 2525),
      cell: ['worker', 'neighbour', 2525],
      expected: true,
    },
    {
      why: 'an address that the spec has',
      network: {},
      spec: smtp('10.1.2.3', 25),
      cell: ['worker', 'private host', 25],
      expected: true,
    },
    {
      why: 'NATS elsewhere, by Service',
      network: {},
      spec: { nats },
      cell: ['worker', 'clickhouse', 4333],
      expected: true,
    },
    {
      why: 'NATS elsewhere, on the port of another server',
      network: {},
      spec: { nats },
      cell: ['worker', 'clickhouse', 4222],
      expected: false,
    },
    {
      why: 'pods that we do not run when NATS is external',
      network: {},
      spec: { nats },
      cell: ['worker', 'nats', 4222],
      expected: false,
    },
    {
      why: 'the bucket in the cluster, by its endpoint',
      network: {},
      spec: { clickhouse: { ...CLICKHOUSE, backup: bucketAt('http://s3.data.svc:7070') } },
      cell: ['retention', 'clickhouse', 7070],
      expected: true,
    },
    {
      why: 'the bucket for the backup, whose server writes to it',
      network: {},
      spec: { clickhouse: { ...CLICKHOUSE, backup: bucketAt('http://s3.data.svc:7070') } },
      cell: ['backup', 'clickhouse', 7070],
      expected: false,
    },
    {
      why: 'the bucket in the cluster, by its pods',
      network: { egress: { s3: [peer('data')] }, ports: { s3: [7070] } },
      cell: ['retention', 'clickhouse', 7070],
      expected: true,
    },
    {
      why: 'the server of the feature flags in the cluster, by its URL',
      network: {},
      spec: unleash('http://unleash.data.svc:4242/api'),
      cell: ['worker', 'clickhouse', 4242],
      expected: true,
    },
    {
      why: 'the server of the feature flags for the migration',
      network: {},
      spec: unleash('http://unleash.data.svc:4242/api'),
      cell: ['migration', 'clickhouse', 4242],
      expected: false,
    },
    {
      why: 'the server of the feature flags when there is to be nothing at it',
      network: { egress: { unleash: [] } },
      spec: unleash('http://unleash.data.svc:4242/api'),
      cell: ['worker', 'clickhouse', 4242],
      expected: false,
    },
    {
      why: 'the certificates of SNS, wherever SES is',
      network: { egress: { mail: [{ ipBlock: { cidr: '10.1.2.0/24' } }] } },
      spec: ses({ topicArns: [TOPIC], endpoint: 'https://ses.data.svc:8443' }),
      cell: ['worker', 'public host', 443],
      expected: true,
    },
    {
      why: 'the certificates of SNS, though ports of mail are named',
      network: { egress: { mail: [] }, ports: { mail: [8443] } },
      spec: ses({ topicArns: [TOPIC] }),
      cell: ['worker', 'public host over IPv6', 443],
      expected: true,
    },
    {
      why: 'the certificates of SNS for the migration',
      network: {},
      spec: ses({ topicArns: [TOPIC] }),
      cell: ['migration', 'public host', 443],
      expected: false,
    },
    {
      why: 'the public ranges for a private SES without webhooks',
      network: {},
      spec: ses({ endpoint: 'https://ses.data.svc:8443' }),
      cell: ['worker', 'public host', 443],
      expected: false,
    },
  ])('$why: $expected', ({ network, cell: [from, to, port, protocol], expected, spec }) => {
    expect(judge(worldOf(network, spec), from, to, port, protocol)).toBe(expected)
  })

  function unleash(url: string): Partial<Sender['spec']> {
    const features = { provider: 'Unleash', unleash: { url, tokenSecretRef: { name: 'unleash' } } } as const
    return { worker: { ...SPEC.worker, features } }
  }

  it('one rule for SES and the certificates of SNS where both are public', () => {
    const made = worldOf({}, ses({ topicArns: [TOPIC] })).policies
    const rules = made.find(({ metadata }) => metadata.name === 'orders-worker')?.spec.egress
    expect(rules?.filter(({ ports }) => ports?.some(({ port }) => port === 443))).toHaveLength(1)
  })

  function ses(more: object): Partial<Sender['spec']> {
    return { worker: { ...SPEC.worker, provider: { ses: { region: 'eu-west-1', ...more } } } }
  }

  function smtp(host: string, port: number): Partial<Sender['spec']> {
    return { worker: { ...SPEC.worker, provider: { smtp: { host, port } } } }
  }
})
