import { describe, expect, it } from 'vitest'
import { withCanonicalQuantities } from './canonicalQuantities.ts'

describe('a quantity of a manifest', () => {
  it('is rounded up to thousandths in a resource list', () => {
    const resources = { limits: { cpu: '100u', memory: '1024Mi' }, requests: { cpu: 1 } }
    const manifest = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec: { resources } }
    expect(withCanonicalQuantities(manifest).spec.resources).toEqual({
      limits: { cpu: '1m', memory: '1Gi' },
      requests: { cpu: '1' },
    })
  })

  it('is looked for where quantities stand, and nowhere else', () => {
    const container = { env: [{ name: 'X', value: '1000m' }], resources: {} }
    const metric = { type: 'External', external: { target: { type: 'AverageValue', averageValue: '1000m' } } }
    const manifest = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x' },
      spec: { containers: [container], metrics: [metric] },
    }
    expect(withCanonicalQuantities(manifest).spec).toEqual({
      containers: [container],
      metrics: [{ type: 'External', external: { target: { type: 'AverageValue', averageValue: '1' } } }],
    })
  })
})
