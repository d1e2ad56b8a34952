/** `spec.network` against a real API server, which keeps policies and enforces none: packets are for the e2e tests. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Harness } from './harness.ts'

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

describe('the API server', () => {
  it.each([
    {
      why: 'a range of addresses that is none',
      network: { clients: [{ ipBlock: { cidr: '300.1.2.0/24' } }] },
      says: /ipBlock\.cidr must be a range of addresses like/,
    },
    {
      why: 'a range with something behind its prefix',
      network: { clients: [{ ipBlock: { cidr: '203.0.113.7/24' } }] },
      says: /ipBlock\.cidr must be a range of addresses like/,
    },
    {
      why: 'an IPv4 range that is written as IPv6',
      network: { egress: { mail: [{ ipBlock: { cidr: '::ffff:192.0.2.0/120' } }] } },
      says: /ipBlock\.cidr/,
    },
    {
      why: 'an exception with something behind its prefix',
      network: { clients: [{ ipBlock: { cidr: '192.0.0.0/16', except: ['192.0.2.1/24'] } }] },
      says: /ipBlock\.except must be a range of addresses/,
    },
    {
      why: 'an exception that is the whole range in other words',
      network: { clients: [{ ipBlock: { cidr: '2001:db8::/32', except: ['2001:DB8::/32'] } }] },
      says: /ipBlock\.except must be a smaller range/,
    },
    {
      why: 'addresses of DNS with something behind their prefix',
      network: { dnsCidrs: ['169.254.20.10/24'] },
      says: /dnsCidrs must be a range of addresses/,
    },
    {
      why: 'an exception outside its range',
      network: { egress: { mail: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['198.51.100.0/24'] } }] } },
      says: /ipBlock\.except must be a smaller range/,
    },
    {
      why: 'an exception that is the whole range',
      network: { clients: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.0/24'] } }] },
      says: /ipBlock\.except must be a smaller range/,
    },
    {
      why: 'a peer that is both pods and addresses',
      network: { monitoring: [{ podSelector: {}, ipBlock: { cidr: '192.0.2.0/24' } }] },
      says: /either ipBlock, or podSelector/,
    },
    { why: 'a peer that is nobody', network: { clients: [{}] }, says: /either ipBlock, or podSelector/ },
    {
      why: 'a selector that lacks its values',
      network: { clients: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }] },
      says: /In and NotIn need values/,
    },
    {
      why: 'an address of DNS that is no range',
      network: { dnsCidrs: ['169.254.20.10/99'] },
      says: /dnsCidrs must be a range of addresses/,
    },
    {
      why: 'a port that is none',
      network: { ports: { postgres: [0] } },
      says: /spec\.network\.ports\.postgres/,
    },
  ])('refuses $why and says what to write', async ({ network, says }) => {
    await expect(cluster.apply(cluster.batchSender({ network }))).rejects.toThrow(says)
  })
})

describe('the operator', () => {
  it('makes and removes NetworkPolicies as the spec says, and leaves those of others alone', async () => {
    await cluster.bringUp()
    const all = ['default-deny', 'dns', 'migration', 'nats', 'worker'].map((name) => `orders-${name}`)
    expect(await names()).toEqual(all)
    await cluster.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: {
        name: 'theirs',
        namespace: cluster.namespace,
        labels: { 'app.kubernetes.io/component': 'network' },
      },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    })
    await patchPolicies('Disabled')
    await cluster.untilCondition('NetworkPolicyReady', 'True', 'Disabled')
    await cluster.eventually('only theirs is left', async () =>
      (await names()).join() === 'theirs' ? true : undefined,
    )
    await patchPolicies('Enabled')
    await cluster.untilCondition('NetworkPolicyReady', 'True', 'Applied')
    expect(await names()).toEqual([...all, 'theirs'])
  })

  it('tells in the words of the server what is wrong with a selector that it passes on', async () => {
    await cluster.applySecrets()
    const clients = [{ podSelector: { matchLabels: { 'not a key': 'x' } } }]
    await cluster.apply(cluster.batchSender({ network: { clients } }))
    const refused = await cluster.untilCondition('NetworkPolicyReady', 'False', 'WriteRefused')
    expect(refused.message).toContain('NetworkPolicy orders-worker')
    expect(refused.message).toContain('not a key')
  })
})

async function names(): Promise<string[]> {
  const policies = await cluster.api.list('networkpolicies', cluster.namespace)
  return policies.map(({ metadata }) => metadata.name).sort()
}

async function patchPolicies(policies: string): Promise<void> {
  const patch = JSON.stringify({ spec: { network: { policies } } })
  await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', patch])
}
