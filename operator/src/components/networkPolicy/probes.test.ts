import { describe, expect, it } from 'vitest'
import { INSTALLATION, sender, SPEC } from '../../testing/snapshots.ts'
import { policyProbes } from './probes.ts'

const EXTERNAL = { external: { servers: ['tls://nats.example.com:4222'] } }
const probes = (spec: object, namespace = 'mail') =>
  policyProbes(sender({ namespace, spec: { ...SPEC, ...spec } }), INSTALLATION)

describe('the probes', () => {
  it('are every node of NATS, whose monitoring port is nobody’s', () => {
    expect(probes({ nats: { managed: { replicas: 3 } } })).toEqual(
      [0, 1, 2].map((index) => ({
        name: `orders-nats-${index}`,
        host: `orders-nats-${index}.orders-nats.mail.svc.cluster.local`,
        allowedPort: 4222,
        forbiddenPort: 8222,
      })),
    )
  })

  it('are the workers where NATS is somebody else’s', () => {
    expect(probes({ nats: EXTERNAL })).toEqual([
      {
        name: 'orders-worker',
        host: 'orders-worker.mail.svc.cluster.local',
        allowedPort: 8081,
        forbiddenPort: 80,
      },
    ])
    expect(probes({ nats: EXTERNAL, network: { clients: [] } })).toHaveLength(1)
  })

  it.each([
    { why: 'policies are disabled', spec: { network: { policies: 'Disabled' } } },
    {
      why: 'those who may call the API may be the operator',
      spec: { nats: EXTERNAL, network: { clients: [{ namespaceSelector: {} }] } },
    },
  ])('are none when $why', ({ spec }) => {
    expect(probes(spec)).toEqual([])
  })

  it('are none beside the operator when its namespace may call the API', () => {
    expect(probes({ nats: EXTERNAL }, INSTALLATION.operatorNamespace)).toEqual([])
  })
})
