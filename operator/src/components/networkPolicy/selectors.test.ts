import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selects as oracle } from '../../testing/networkPolicies.ts'
import { admits, isPeer, mayLeadOut, selects } from './selectors.ts'

const key = fc.constantFrom('a', 'b', 'c')
const value = fc.constantFrom('1', '2', '3')
const labels = fc.dictionary(key, value)
const expression = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  fc.record({ key, operator: fc.constantFrom('In', 'NotIn'), values: fc.array(value, { minLength: 1 }) }),
)
/** Few labels: a selector that asks for many selects nothing, whatever its expressions mean. */
const selector = fc.record({
  matchLabels: fc.dictionary(key, value, { maxKeys: 1 }),
  matchExpressions: fc.array(expression, { maxLength: 2 }),
})

const pod = { namespace: 'mail', labels: { app: 'x' } }
const NAMESPACE = 'kubernetes.io/metadata.name'
const byName = (name: string) => ({ matchLabels: { [NAMESPACE]: name } })

describe('selectors', () => {
  it('mean what the oracle of the tests says', () => {
    fc.assert(
      fc.property(selector, labels, (one, worn) => {
        expect(selects(one, worn)).toBe(oracle(one, worn))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    { why: 'pods of the policy’s namespace', peer: { podSelector: {} }, is: 'yes' },
    { why: 'other pods', peer: { podSelector: { matchLabels: { app: 'y' } } }, is: 'no' },
    { why: 'a namespace by its name', peer: { namespaceSelector: byName('mail') }, is: 'yes' },
    { why: 'another namespace', peer: { namespaceSelector: byName('shop') }, is: 'no' },
    { why: 'any namespace', peer: { namespaceSelector: {} }, is: 'yes' },
    {
      why: 'namespaces by a label',
      peer: { namespaceSelector: { matchLabels: { team: 'a' } } },
      is: 'unsure',
    },
    {
      why: 'namespaces by an expression about a label',
      peer: { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } },
      is: 'unsure',
    },
    {
      why: 'every namespace but this one',
      peer: {
        namespaceSelector: { matchExpressions: [{ key: NAMESPACE, operator: 'NotIn', values: ['mail'] }] },
      },
      is: 'no',
    },
    { why: 'addresses', peer: { ipBlock: { cidr: '10.0.0.0/8' } }, is: 'unsure' },
  ])('$why: $is', ({ peer, is }) => {
    expect(isPeer(peer, pod, 'mail')).toBe(is)
  })

  it('leads nobody of another namespace in by a pod selector alone', () => {
    expect(isPeer({ podSelector: {} }, pod, 'shop')).toBe('no')
  })

  it.each([
    { why: 'no rule', ways: [], is: 'no' },
    { why: 'a rule for another port', ways: [{ ports: [{ port: 1, protocol: 'TCP' }] }], is: 'no' },
    { why: 'a rule for UDP', ways: [{ ports: [{ port: 80, protocol: 'UDP' }] }], is: 'no' },
    { why: 'a rule without peers and ports', ways: [{}], is: 'yes' },
    { why: 'an empty list of peers, which is everybody', ways: [{ peers: [] }], is: 'yes' },
    { why: 'a range of ports', ways: [{ ports: [{ port: 79, endPort: 81 }] }], is: 'yes' },
    { why: 'an empty list of ports, which is any', ways: [{ ports: [] }], is: 'yes' },
    {
      why: 'addresses beside a rule for all pods',
      ways: [{ peers: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }, { peers: [{ podSelector: {} }] }],
      is: 'yes',
    },
    { why: 'a port by name', ways: [{ ports: [{ port: 'http' }] }], is: 'yes' },
  ])('$why: $is', ({ ways, is }) => {
    expect(admits(ways, pod, 80, 'mail')).toBe(is)
  })

  it('tells ways to addresses from ways to pods', () => {
    const toPods = [{ peers: [{ podSelector: {} }], ports: [{ port: 443 }] }]
    expect(mayLeadOut(toPods, [443], true)).toBe(false)
    expect(mayLeadOut(toPods, [443], false)).toBe(true)
    expect(mayLeadOut(toPods, [80], false)).toBe(false)
    expect(mayLeadOut([{ peers: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }], [443], true)).toBe(true)
    for (const anywhere of [{}, { peers: [] }]) expect(mayLeadOut([anywhere], [443], true)).toBe(true)
  })
})
