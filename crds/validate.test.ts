import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { specFaults } from './validate.ts'

const sample = (file: string): { spec: Record<string, unknown> } =>
  parse(readFileSync(join(import.meta.dirname, '../config/samples', file), 'utf8')) as {
    spec: Record<string, unknown>
  }

describe('specFaults', () => {
  it.each(['minimal', 'demo', 'full', 'external', 'three-nodes', 'gateway'])(
    'has nothing against the sample %s',
    (name) => {
      expect(specFaults(sample(`${name}.yaml`).spec)).toEqual([])
    },
  )

  it('names every field at fault, and no value', () => {
    const { spec } = sample('minimal.yaml')
    const faults = specFaults({
      ...spec,
      nats: { managed: { replicas: 4 } },
      postgres: { credentialsSecretRef: { name: 'UPPER' } },
    })
    expect(faults.join()).toMatch(/spec\.nats\.managed\.replicas/)
    expect(faults.join()).toMatch(/spec\.postgres\.credentialsSecretRef\.name/)
    expect(faults.join()).not.toContain('UPPER')
  })

  it.each([
    { why: 'no number', amount: 'lots', fine: false },
    { why: 'a unit that there is not', amount: '1GB', fine: false },
    { why: 'below nothing', amount: '-1', fine: false },
    { why: 'a number of YAML', amount: 1, fine: true },
    { why: 'another spelling', amount: '1024Mi', fine: true },
  ])('a resource that is $why', ({ amount, fine }) => {
    const { spec } = sample('minimal.yaml')
    const worker = { ...(spec['worker'] as object), resources: { requests: { cpu: amount } } }
    const told = ['spec.worker.resources.requests.cpu must be a quantity, such as 500m or 1Gi']
    expect(specFaults({ ...spec, worker })).toEqual(fine ? [] : told)
  })

  it.each([
    { why: 'a flag of another type', features: { provider: 'Env', flags: { 'provider-paused': 'true' } } },
    { why: 'more than all', features: { provider: 'Env', flags: { 'wide-claims': 101 } } },
    { why: 'a provider that there is not', features: { provider: 'Flagd' } },
    {
      why: 'a URL with a password',
      features: {
        provider: 'Unleash',
        unleash: { url: 'https://u:p@unleash/api', tokenSecretRef: { name: 't' } },
      },
    },
  ])('refuses feature flags with $why', ({ features }) => {
    const { spec } = sample('minimal.yaml')
    const worker = { ...(spec['worker'] as object), features }
    expect(specFaults({ ...spec, worker }).join()).toMatch(/spec\.worker\.features/)
  })

  it.each([
    { range: '0.0.0.0/0', fine: false },
    { range: '::/0', fine: false },
    { range: '10.0.0.0/10', fine: true },
    { range: '10.244.3.0/24', fine: true },
  ])('takes a gateway that calls from $range: $fine', ({ range, fine }) => {
    const { spec } = sample('gateway.yaml')
    const gateway = { ...(spec['gateway'] as object), from: { addresses: [range] } }
    expect(specFaults({ ...spec, gateway })).toEqual(
      fine ? [] : ['spec.gateway.from.addresses.0 is not of its form'],
    )
  })

  it.each([
    { errorRatePercent: 100, fine: false },
    { errorRatePercent: 99, fine: true },
    { apiP95Milliseconds: 30_000, fine: false },
    { apiP95Milliseconds: 29_999, fine: true },
  ])('takes an alert that can fire: %j', ({ fine, ...thresholds }) => {
    const { spec } = sample('minimal.yaml')
    const faults = specFaults({ ...spec, monitoring: { rules: { thresholds } } })
    expect(faults.length).toBe(fine ? 0 : 1)
  })

  it.each([undefined, null, 7, 'spec', []])('survives %s', (nonsense) => {
    expect(specFaults(nonsense)).not.toEqual([])
  })
})
