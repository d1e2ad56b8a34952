import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  NetworkPolicyManifest,
  NetworkPolicyPeer,
} from '../../../operator/src/components/parts/manifests.ts'
import { allows, inRange, type Protocol, type World } from '../../../operator/src/testing/networkPolicies.ts'
import { podsOf } from './pods.ts'
import { ipsetScript, iptablesScript, render, type Pod } from './render.ts'

const NAMESPACES = { mail: { team: 'mail' }, shop: { team: 'shop' } }
const OUTSIDE = ['10.250.0.2', '203.0.113.7', '203.0.113.200']

const pods: readonly Pod[] = (['mail', 'shop'] as const).flatMap((namespace, row) =>
  ['web', 'job', 'db'].map((app, column) => ({
    key: `${namespace}/${app}`,
    address: `10.244.0.${10 * row + column + 1}`,
    pod: {
      namespace,
      labels: { app },
      ports: { main: { port: 8000 + column, protocol: 'TCP' as const } },
    },
  })),
)

const policy = (
  name: string,
  namespace: string,
  spec: NetworkPolicyManifest['spec'],
): NetworkPolicyManifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
})

interface Packet {
  readonly from: string
  readonly to: string
  readonly port: number
  readonly protocol: Protocol
}

/** What the kernel would make of the two scripts; only what we write is understood. */
function kernel(sets: string, rules: string) {
  const members = new Map<string, string[]>()
  for (const line of sets.split('\n').filter(Boolean)) {
    const [verb, name = '', ...rest] = line.split(' ')
    if (verb === 'create') members.set(name, [])
    else members.get(name)?.push(rest.join(' '))
  }
  const chains = new Map<string, string[]>()
  for (const line of rules.split('\n').filter((one) => one.startsWith('-A '))) {
    const [, name = '', ...rest] = line.split(' ')
    chains.set(name, [...(chains.get(name) ?? []), rest.join(' ')])
  }
  /** The most exact entry decides. */
  function isMember(set: string, address: string): boolean {
    const found = members.get(set)
    if (!found) throw new Error(`no set ${set}`)
    const fitting = found
      .map((entry) => ({ cidr: entry.split(' ')[0] ?? '', except: entry.endsWith('nomatch') }))
      .filter(({ cidr }) => inRange(address, cidr))
      .sort((left, right) => Number(right.cidr.split('/')[1]) - Number(left.cidr.split('/')[1]))
    return fitting[0]?.except === false
  }
  const CONDITIONS: readonly [RegExp, (packet: Packet, ...found: string[]) => boolean][] = [
    [/^-m conntrack --ctstate RELATED,ESTABLISHED /, () => false],
    [/^-s (\S+) /, ({ from }, cidr = '') => inRange(from, cidr)],
    [/^-d (\S+) /, ({ to }, cidr = '') => inRange(to, cidr)],
    [/^-p (\S+) /, ({ protocol }, name) => protocol.toLowerCase() === name],
    [/^--dport (\d+)(?::(\d+))? /, ({ port }, a, b = a) => port >= Number(a) && port <= Number(b)],
    [/^-m set --match-set (\S+) src /, ({ from }, set = '') => isMember(set, from)],
    [/^-m set --match-set (\S+) dst /, ({ to }, set = '') => isMember(set, to)],
  ]
  function target(rule: string, packet: Packet): string | undefined {
    let rest = rule
    while (!rest.startsWith('-j ')) {
      const [pattern, fits] = CONDITIONS.find(([one]) => one.test(rest)) ?? []
      const found = pattern?.exec(rest)
      if (!found || !fits) throw new Error(`not understood: ${rest}`)
      if (!fits(packet, ...found.slice(1).filter((one) => one as string | undefined))) return undefined
      rest = rest.slice(found[0].length)
    }
    return rest.slice(3)
  }
  function drops(chain: string, packet: Packet): boolean {
    for (const rule of chains.get(chain) ?? []) {
      const verdict = target(rule, packet)
      if (verdict === 'RETURN') return false
      if (verdict === 'DROP') return true
      if (verdict !== undefined && drops(verdict, packet)) return true
    }
    return false
  }
  return { passes: (packet: Packet) => !drops('BSNP', packet), chains }
}

const kernelOf = (world: World) => {
  const rendered = render(world, pods)
  return kernel(ipsetScript(rendered, new Set()), iptablesScript(rendered, []))
}

const labels = fc.constantFrom({ app: 'web' }, { app: 'job' }, { app: 'db' })
const selector = fc.oneof(
  fc.constant({}),
  labels.map((matchLabels) => ({ matchLabels })),
  labels.map(({ app }) => ({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: [app] }] })),
)
const namespaceSelector = fc.constantFrom(
  {},
  { matchLabels: { team: 'mail' } },
  { matchLabels: { team: 'shop' } },
)
const peer: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
  selector.map((podSelector) => ({ podSelector })),
  namespaceSelector.map((one) => ({ namespaceSelector: one })),
  fc.record({ podSelector: selector, namespaceSelector }),
  fc.constantFrom<NetworkPolicyPeer>(
    { ipBlock: { cidr: '0.0.0.0/0' } },
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } },
    { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } },
    { ipBlock: { cidr: '10.244.0.1/32' } },
    { ipBlock: { cidr: '::/0' } },
  ),
)
const port = fc.constantFrom(
  { port: 8000 },
  { protocol: 'TCP', port: 8001 },
  { protocol: 'UDP', port: 8000 },
  { protocol: 'TCP', port: 'main' },
  { protocol: 'TCP', port: 7999, endPort: 8001 },
  { protocol: 'UDP' },
)
const rule = (peers: string) =>
  fc.record(
    { [peers]: fc.array(peer, { maxLength: 3 }), ports: fc.array(port, { maxLength: 3 }) },
    { requiredKeys: [] },
  )
const anyPolicy = fc
  .record({
    namespace: fc.constantFrom('mail', 'shop'),
    spec: fc.record(
      {
        podSelector: selector,
        policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
        ingress: fc.array(rule('from'), { maxLength: 2 }),
        egress: fc.array(rule('to'), { maxLength: 2 }),
      },
      { requiredKeys: ['podSelector'] },
    ),
  })
  .map(({ namespace, spec }) => policy('any', namespace, spec as NetworkPolicyManifest['spec']))

const packet = fc.record({
  from: fc.constantFrom(...pods.map(({ address }) => address), ...OUTSIDE),
  to: fc.constantFrom(...pods.map(({ address }) => address), ...OUTSIDE),
  port: fc.constantFrom(7999, 8000, 8001, 8002, 9000),
  protocol: fc.constantFrom<Protocol>('TCP', 'UDP'),
})
const endpointAt = (address: string) => pods.find((one) => one.address === address) ?? { address }

describe('rules for the kernel', () => {
  it('let through what the policies let through, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(anyPolicy, { maxLength: 4 }),
        fc.array(packet, { minLength: 20 }),
        (policies, packets) => {
          const world: World = { policies, namespaces: NAMESPACES }
          const { passes } = kernelOf(world)
          for (const one of packets) {
            const { from, to, ...what } = one
            const expected = allows(world, { from: endpointAt(from), to: endpointAt(to), ...what })
            expect([one, passes(one)]).toEqual([one, expected])
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('are none where there are no policies', () => {
    const { sets, chains } = render({ policies: [], namespaces: NAMESPACES }, pods)
    expect([sets.size, chains]).toEqual([0, []])
  })

  it('have names that ipset and iptables take', () => {
    const everything = policy('p', 'mail', {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
    })
    const { sets, chains } = render({ policies: [everything], namespaces: NAMESPACES }, pods)
    expect(chains).toHaveLength(6)
    for (const name of sets.keys()) expect(name.length).toBeLessThanOrEqual(31)
    for (const { name } of chains) expect(name.length).toBeLessThanOrEqual(28)
  })

  it('name a set after its entries, so that one that is there need not be written', () => {
    const given = policy('p', 'mail', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })
    const rendered = render({ policies: [given], namespaces: NAMESPACES }, pods)
    const [name = ''] = rendered.sets.keys()
    expect(ipsetScript(rendered, new Set())).toContain(`create ${name} hash:net`)
    expect(ipsetScript(rendered, new Set([name]))).toBe('')
  })

  it('clear away chains that nobody wants any more', () => {
    const script = iptablesScript(render({ policies: [], namespaces: {} }, pods), ['BSNP-E-old'])
    expect(script).toContain(':BSNP-E-old - [0:0]')
    expect(script).toContain('-X BSNP-E-old')
  })
})

describe('podsOf', () => {
  const pod = (spec: object, status: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'mail', labels: { app: 'web' } },
    spec,
    status,
  })

  it.each([
    { why: 'without an address', spec: {}, status: { phase: 'Pending' } },
    { why: 'of the node’s network', spec: { hostNetwork: true }, status: { podIP: '10.250.0.1' } },
    { why: 'that has ended', spec: {}, status: { phase: 'Succeeded', podIP: '10.244.0.7' } },
    { why: 'that has failed', spec: {}, status: { phase: 'Failed', podIP: '10.244.0.7' } },
  ])('leaves a pod $why out: its address may be another’s', ({ spec, status }) => {
    expect(podsOf([pod(spec, status)])).toEqual([])
  })

  it('knows the names of ports', () => {
    const ports = [{ name: 'http', containerPort: 8080 }, { containerPort: 9 }]
    expect(podsOf([pod({ containers: [{ ports }] }, { podIP: '10.244.0.7' })])).toEqual([
      {
        key: 'mail/a',
        address: '10.244.0.7',
        pod: { namespace: 'mail', labels: { app: 'web' }, ports: { http: { port: 8080, protocol: 'TCP' } } },
      },
    ])
  })
})
