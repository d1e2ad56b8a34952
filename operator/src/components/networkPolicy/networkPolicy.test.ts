import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NetworkSpec, Peer } from '../../../../crds/schema/network.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import { specFaults } from '../../../../crds/validate.ts'
import { children, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { INSTANCE, PART_OF } from '../../vocabulary/labels.ts'
import { networkPolicy } from './networkPolicy.ts'
import { policies } from './policies.ts'

const given = (network: NetworkSpec = {}, more: Partial<Snapshot> = {}) =>
  snapshot({ sender: sender({ spec: { ...SPEC, network } }), ...more })

const namesOf = (from: Snapshot) => policies(from).map(({ metadata }) => metadata.name)

const wishes = (from: Snapshot) =>
  networkPolicy
    .desired(from)
    .map((wish) =>
      wish.type === 'object'
        ? wish.object.metadata.name
        : wish.type === 'absent'
          ? `no ${wish.name}`
          : wish.type,
    )

const applied = (network: NetworkSpec = {}) => children(...policies(given(network)))

const EVENTS = { url: 'https://events.example.com' }
const BACKUP = {
  destination: {
    namedCollection: 'backup_s3',
    s3: { endpoint: 'https://s3.example.com', bucket: 'mail', credentialsSecretRef: { name: 'bucket' } },
  },
  retention: {},
}

const FEATURES = {
  provider: 'Unleash',
  unleash: { url: 'http://unleash.flags.svc:4242/api', tokenSecretRef: { name: 'unleash' } },
} as const

describe('networkPolicy', () => {
  it('has one policy for each part that this BatchSender runs', () => {
    expect(namesOf(given())).toEqual([
      'orders-default-deny',
      'orders-dns',
      'orders-worker',
      'orders-migration',
      'orders-nats',
    ])
    const external = sender({
      spec: { ...SPEC, nats: { external: { servers: ['tls://nats.example.com'] } } },
    })
    expect(namesOf(snapshot({ sender: external }))).not.toContain('orders-nats')
    const made = (clickhouse: NonNullable<Sender['spec']['clickhouse']>) =>
      namesOf(snapshot({ sender: sender({ spec: { ...SPEC, clickhouse } }) }))
    expect(made({ external: EVENTS })).not.toContain('orders-backup')
    expect(made({ external: EVENTS, backup: BACKUP })).toEqual(
      expect.arrayContaining(['orders-backup', 'orders-retention']),
    )
    const { destination } = BACKUP
    expect(made({ external: EVENTS, backup: { destination } })).not.toContain('orders-retention')
  })

  it('removes what it made when policies are disabled, and what is not wanted any more', () => {
    expect(wishes(given({ policies: 'Disabled' }, { children: applied() }))).toEqual(
      namesOf(given()).map((name) => `no ${name}`),
    )
    const external = sender({
      spec: { ...SPEC, nats: { external: { servers: ['tls://nats.example.com'] } } },
    })
    expect(wishes(snapshot({ sender: external, children: applied() }))).toContain('no orders-nats')
  })

  it.each([
    { why: 'none is there', network: {}, there: children(), expected: ['False', 'Applying'] },
    { why: 'all are there', network: {}, there: applied(), expected: ['True', 'Applied'] },
    {
      why: 'none is wanted',
      network: { policies: 'Disabled' as const },
      there: children(),
      expected: ['True', 'Disabled'],
    },
  ])('says $expected when $why', ({ network, there, expected }) => {
    const { status, reason } = networkPolicy.verdict(given(network, { children: there }))
    expect([status, reason]).toEqual(expected)
  })

  it('names the policies that are missing', () => {
    const there = applied()
    there.delete('NetworkPolicy/orders-dns')
    expect(networkPolicy.verdict(given({}, { children: there })).message).toBe('not there yet: orders-dns')
  })

  it('says so when nobody may call the API', () => {
    const { message } = networkPolicy.verdict(given({ clients: [] }, { children: applied() }))
    expect(message).toContain('spec.network.clients is empty')
    const gateway = {
      parentRef: { name: 'public' },
      hostnames: ['mail.example.com'],
      from: { addresses: ['10.244.0.0/16'] },
    }
    const who = sender({ spec: { ...SPEC, network: { clients: [] }, gateway } })
    expect(networkPolicy.verdict(snapshot({ sender: who, children: applied() })).message).not.toContain(
      'nobody',
    )
  })
})

const peer: fc.Arbitrary<Peer> = fc.oneof(
  fc.constant({ podSelector: {} }),
  fc.constant({
    namespaceSelector: { matchLabels: { team: 'x' } },
    podSelector: { matchLabels: { app: 'y' } },
  }),
  fc.ipV4().map((address) => ({ ipBlock: { cidr: `${address}/32` } })),
)
const peers = fc.option(fc.array(peer, { maxLength: 3 }), { nil: undefined })
const somePorts = fc.option(fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 3 }), {
  nil: undefined,
})
const present = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
const DESTINATIONS = ['postgres', 'mail', 'clickhouse', 'nats', 's3', 'unleash', 'dns'] as const
const forEach = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.record(Object.fromEntries(DESTINATIONS.map((name) => [name, arbitrary]))).map(present)
const network = fc
  .record({
    clients: peers,
    natsClients: peers,
    monitoring: peers,
    egress: forEach(peers),
    ports: forEach(somePorts),
  })
  .map((record) => present(record) as NetworkSpec)

describe('whatever spec.network says', () => {
  const senders = fc
    .record({ network, external: fc.boolean(), events: fc.boolean(), flags: fc.boolean() })
    .map((some) =>
      sender({
        spec: {
          ...SPEC,
          network: some.network,
          ...(some.external && { nats: { external: { servers: ['tls://nats.example.com:4222'] } } }),
          ...(some.events && { clickhouse: { external: EVENTS, backup: BACKUP } }),
          ...(some.flags && { worker: { ...SPEC.worker, features: FEATURES } }),
        },
      }),
    )

  it('no rule is open to everybody or on every port by an empty list', () => {
    fc.assert(
      fc.property(senders, (who) => {
        expect(specFaults(who.spec)).toEqual([])
        for (const { spec } of policies(snapshot({ sender: who }))) {
          const peersOf = [
            ...(spec.ingress ?? []).map(({ from }) => from),
            ...(spec.egress ?? []).map(({ to }) => to),
          ]
          const portsOf = [...(spec.ingress ?? []), ...(spec.egress ?? [])].map(({ ports }) => ports)
          for (const list of [...peersOf, ...portsOf]) expect(list?.length ?? 0).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('only pods of this BatchSender are selected', () => {
    fc.assert(
      fc.property(senders, (who) => {
        for (const { spec } of policies(snapshot({ sender: who })))
          expect(spec.podSelector?.matchLabels).toMatchObject({
            [INSTANCE]: 'orders',
            [PART_OF]: 'batchsender',
          })
      }),
    )
  })
})
