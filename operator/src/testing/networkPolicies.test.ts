import { describe, expect, it } from 'vitest'
import type { NetworkPolicyManifest } from '../components/parts/manifests.ts'
import { allows, selects, type Endpoint, type World } from './networkPolicies.ts'

const NAMESPACES = { mail: { team: 'mail' }, shop: { team: 'shop', tier: 'front' } }

const pod = (namespace: string, labels: Record<string, string>, address = '10.244.0.9'): Endpoint => ({
  address,
  pod: { namespace, labels },
})
const outside = (address: string): Endpoint => ({ address })

const server: Endpoint = {
  address: '10.244.0.1',
  pod: {
    namespace: 'mail',
    labels: { app: 'server' },
    ports: {
      web: { port: 8080, protocol: 'TCP' },
      lookup: { port: 53, protocol: 'UDP' },
    },
  },
}
const client = pod('mail', { app: 'client' })

const policy = (spec: Partial<NetworkPolicyManifest['spec']>, namespace = 'mail'): NetworkPolicyManifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'one', namespace },
  spec: { podSelector: { matchLabels: { app: 'server' } }, ...spec },
})

const world = (...policies: readonly NetworkPolicyManifest[]): World => ({ policies, namespaces: NAMESPACES })

const reaches = (from: Endpoint, port: number, ...policies: readonly NetworkPolicyManifest[]) =>
  allows(world(...policies), { from, to: server, port })

describe('which pods a policy is about', () => {
  it('lets everything through where no policy selects a pod', () => {
    expect(reaches(client, 80)).toBe(true)
    expect(reaches(client, 80, policy({ podSelector: { matchLabels: { app: 'other' } } }))).toBe(true)
  })

  it('stops at its own namespace, also with an empty selector', () => {
    expect(reaches(client, 80, policy({ podSelector: {} }, 'shop'))).toBe(true)
    expect(reaches(client, 80, policy({ podSelector: {} }))).toBe(false)
  })

  it.each([
    { why: 'no types and no egress section', spec: {}, ingress: false, egress: true },
    { why: 'no types but an egress section', spec: { egress: [] }, ingress: false, egress: false },
    { why: 'Egress alone', spec: { policyTypes: ['Egress'] }, ingress: true, egress: false },
    { why: 'Ingress alone', spec: { policyTypes: ['Ingress'], egress: [] }, ingress: false, egress: true },
  ])('restricts what policyTypes says: $why', ({ spec, ingress, egress }) => {
    const given = world(policy(spec))
    expect(allows(given, { from: client, to: server, port: 80 })).toBe(ingress)
    expect(allows(given, { from: server, to: client, port: 80 })).toBe(egress)
  })

  it('adds policies up: nothing that one allows is taken back by another', () => {
    const deny = policy({ ingress: [] })
    const allow = policy({ ingress: [{ from: [{ podSelector: {} }] }] })
    expect(reaches(client, 80, deny, allow)).toBe(true)
    expect(reaches(client, 80, allow, deny)).toBe(true)
  })

  it('asks both ends', () => {
    const open = policy({ ingress: [{}] })
    const closedClient = policy({
      podSelector: { matchLabels: { app: 'client' } },
      policyTypes: ['Egress'],
    })
    expect(reaches(client, 80, open)).toBe(true)
    expect(reaches(client, 80, open, closedClient)).toBe(false)
  })
})

describe('who a peer is', () => {
  const from = (...peers: NonNullable<NonNullable<NetworkPolicyManifest['spec']['ingress']>[0]['from']>) =>
    policy({ ingress: [{ from: peers }] })
  const front = { matchLabels: { tier: 'front' } }
  const web = { matchLabels: { app: 'web' } }

  it.each([
    { why: 'in the own namespace', who: pod('mail', { app: 'web' }), expected: true },
    { why: 'in another namespace', who: pod('shop', { app: 'web' }), expected: false },
    { why: 'with another label', who: client, expected: false },
    { why: 'outside the cluster', who: outside('10.244.0.9'), expected: false },
  ])('a pod selector alone means a pod $why: $expected', ({ who, expected }) => {
    expect(reaches(who, 80, from({ podSelector: web }))).toBe(expected)
  })

  it.each([
    { who: pod('shop', { app: 'web' }), and: true, or: true },
    { who: pod('shop', { app: 'job' }), and: false, or: true },
    { who: pod('mail', { app: 'web' }), and: false, or: true },
    { who: pod('mail', { app: 'job' }), and: false, or: false },
  ])('both selectors in one item mean AND ($and), in two items OR ($or)', ({ who, and, or }) => {
    expect(reaches(who, 80, from({ namespaceSelector: front, podSelector: web }))).toBe(and)
    expect(reaches(who, 80, from({ namespaceSelector: front }, { podSelector: web }))).toBe(or)
  })

  it('an empty namespace selector means every pod of the cluster, and nobody outside it', () => {
    const all = from({ namespaceSelector: {} })
    expect(reaches(pod('shop', {}), 80, all)).toBe(true)
    expect(reaches(outside('198.51.100.7'), 80, all)).toBe(false)
  })

  it.each([
    { why: 'no from at all', rule: {}, expected: true },
    { why: 'an empty from', rule: { from: [] }, expected: true },
    { why: 'no rule', rule: undefined, expected: false },
  ])('$why admits: $expected', ({ rule, expected }) => {
    expect(reaches(outside('198.51.100.7'), 80, policy({ ingress: rule ? [rule] : [] }))).toBe(expected)
  })

  it.each([
    { address: '198.51.100.7', expected: true },
    { address: '198.51.100.130', expected: false },
    { address: '198.51.101.7', expected: false },
    { address: '2001:db8::1', expected: false },
  ])('an ipBlock takes its range without what is excepted: $address $expected', ({ address, expected }) => {
    const block = { ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.128/25'] } }
    expect(reaches(outside(address), 80, from(block))).toBe(expected)
  })

  it('has IPv6 ranges, too', () => {
    const block = { ipBlock: { cidr: '::/0', except: ['fd00::/8'] } }
    expect(reaches(outside('2001:db8::1'), 80, from(block))).toBe(true)
    expect(reaches(outside('fd00:ec2::254'), 80, from(block))).toBe(false)
    expect(reaches(outside('198.51.100.7'), 80, from(block))).toBe(false)
  })
})

describe('which ports are open', () => {
  const onPorts = (
    ...ports: NonNullable<NonNullable<NetworkPolicyManifest['spec']['ingress']>[0]['ports']>
  ) => world(policy({ ingress: [{ ports }] }))
  const asks = (given: World, port: number, protocol: 'TCP' | 'UDP' = 'TCP') =>
    allows(given, { from: client, to: server, port, protocol })

  it('all of them where none is named', () => {
    expect(asks(onPorts(), 1)).toBe(true)
  })

  it('those that are named, in TCP unless another protocol is', () => {
    expect(asks(onPorts({ port: 8080 }), 8080)).toBe(true)
    expect(asks(onPorts({ port: 8080 }), 8081)).toBe(false)
    expect(asks(onPorts({ port: 53 }), 53, 'UDP')).toBe(false)
    expect(asks(onPorts({ port: 53, protocol: 'UDP' }), 53, 'UDP')).toBe(true)
  })

  it('all of a protocol where only that is named', () => {
    expect(asks(onPorts({ protocol: 'UDP' }), 9, 'UDP')).toBe(true)
    expect(asks(onPorts({ protocol: 'UDP' }), 9)).toBe(false)
  })

  it('a range up to endPort', () => {
    const range = onPorts({ port: 8000, endPort: 8010 })
    expect([7999, 8000, 8010, 8011].map((port) => asks(range, port))).toEqual([false, true, true, false])
  })

  it('a named port is what the pod that is connected to calls so', () => {
    expect(asks(onPorts({ port: 'web' }), 8080)).toBe(true)
    expect(asks(onPorts({ port: 'web' }), 80)).toBe(false)
    expect(asks(onPorts({ port: 'lookup', protocol: 'UDP' }), 53, 'UDP')).toBe(true)
    expect(asks(onPorts({ port: 'lookup' }), 53)).toBe(false)
    const egress = policy({
      podSelector: { matchLabels: { app: 'client' } },
      policyTypes: ['Egress'],
      egress: [{ ports: [{ port: 'web' }] }],
    })
    expect(reaches(client, 8080, egress)).toBe(true)
    expect(reaches(client, 80, egress)).toBe(false)
  })

  it('peers and ports of one rule must both fit', () => {
    const given = world(
      policy({
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 1 }] },
          { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 2 }] },
        ],
      }),
    )
    expect(asks(given, 1)).toBe(true)
    expect(asks(given, 2)).toBe(false)
  })
})

describe('selects', () => {
  it.each([
    { operator: 'In', values: ['a', 'b'], a: true, c: false, none: false },
    { operator: 'NotIn', values: ['a', 'b'], a: false, c: true, none: true },
    { operator: 'Exists', a: true, c: true, none: false },
    { operator: 'DoesNotExist', a: false, c: false, none: true },
  ])('knows $operator', ({ a, c, none, ...expression }) => {
    const selector = { matchExpressions: [{ key: 'k', ...expression }] }
    expect(selects(selector, { k: 'a' })).toBe(a)
    expect(selects(selector, { k: 'c' })).toBe(c)
    expect(selects(selector, {})).toBe(none)
  })

  it('wants every label and every expression', () => {
    const selector = { matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'Exists' }] }
    expect(selects(selector, { a: '1', b: '2' })).toBe(true)
    expect(selects(selector, { a: '1' })).toBe(false)
    expect(selects(selector, { b: '2' })).toBe(false)
    expect(selects({}, { anything: 'x' })).toBe(true)
  })

  it('refuses an operator that there is not', () => {
    expect(() => selects({ matchExpressions: [{ key: 'k', operator: 'Near' }] }, {})).toThrow('Near')
  })
})
