import { describe, expect, it } from 'vitest'
import { INSTALLATION, sender, SPEC } from '../../testing/snapshots.ts'
import { policyProbes } from './probes.ts'

const EXTERNAL = { external: { servers: ['tls://nats.example.com:4222'] } }
const probes = (spec: object, namespace = 'mail') =>
  policyProbes(sender({ namespace, spec: { ...SPEC, ...spec } }), INSTALLATION)

const WORKER = {
  name: 'orders-worker',
  host: 'orders-worker.mail.svc.cluster.local',
  allowedPort: 8081,
  forbiddenPort: 80,
}
const elsewhere = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }

describe('the probes', () => {
  it('are every node of NATS, whose monitoring port is nobody’s, and the workers', () => {
    expect(probes({ nats: { managed: { replicas: 3 } } })).toEqual([
      ...[0, 1, 2].map((index) => ({
        name: `orders-nats-${index}`,
        host: `orders-nats-${index}.orders-nats.mail.svc.cluster.local`,
        allowedPort: 4222,
        forbiddenPort: 8222,
      })),
      WORKER,
    ])
  })

  it('are the workers where NATS is somebody else’s', () => {
    expect(probes({ nats: EXTERNAL })).toEqual([WORKER])
    expect(probes({ nats: EXTERNAL, network: { clients: [] } })).toEqual([WORKER])
    expect(probes({ nats: EXTERNAL, network: { clients: [elsewhere] } })).toEqual([WORKER])
  })

  it.each([
    { why: 'policies are disabled', spec: { network: { policies: 'Disabled' } } },
    { why: 'there is nobody to ask', spec: { nats: EXTERNAL, worker: { ...SPEC.worker, replicas: 0 } } },
  ])('are none when $why', ({ spec }) => {
    expect(probes(spec)).toEqual([])
  })

  it.each([
    { why: 'any namespace may call the API', clients: [{ namespaceSelector: {} }] },
    { why: 'an address may be that of the operator', clients: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
    {
      why: 'namespaces are told by a label that the operator’s may have',
      clients: [{ namespaceSelector: { matchLabels: { team: 'platform' } } }],
    },
  ])('ask no more than whether the workers answer where $why', ({ clients }) => {
    const { name, host, allowedPort } = WORKER
    expect(probes({ nats: EXTERNAL, network: { clients } })).toEqual([{ name, host, allowedPort }])
  })

  it('do the same where the gateway may be beside the operator', () => {
    const from = { pods: [{ namespaceSelector: { matchLabels: { team: 'platform' } } }] }
    const gateway = { parentRef: { name: 'public' }, hostnames: ['mail.example.com'], from }
    const [worker] = probes({ nats: EXTERNAL, network: { clients: [] }, gateway })
    expect(worker).not.toHaveProperty('forbiddenPort')
  })

  it('do the same beside the operator, when its namespace may call the API', () => {
    const [worker] = probes({ nats: EXTERNAL }, INSTALLATION.operatorNamespace)
    expect(worker).not.toHaveProperty('forbiddenPort')
  })
})
