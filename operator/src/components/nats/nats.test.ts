import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { JetstreamSeen, Snapshot } from '../snapshot.ts'
import { certificate, children, issuedSecrets, NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { nats } from './nats.ts'
import { natsConfiguration } from './configuration.ts'

const three = sender({ spec: { ...SPEC, nats: { managed: { replicas: 3 } } } })

const set = (readyReplicas: number, more: object = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'orders-nats', generation: 1 },
  spec: { replicas: readyReplicas },
  status: { observedGeneration: 1, readyReplicas, updateRevision: 'a', currentRevision: 'a', ...more },
})

const typesOf = (given: Snapshot) =>
  nats.desired(given).map((wish) => (wish.type === 'object' ? wish.resource.kind : wish.type))

const seeing = (seen: JetstreamSeen) => ({ ...snapshot().evidence, jetstream: { lookedAt: NOW, seen } })
const good = { exists: true, differs: [] } as const

describe('nats', () => {
  it('waits for the certificate of its servers', () => {
    expect(nats.desired(snapshot({ secrets: new Map() }))).toEqual([])
    expect(nats.verdict(snapshot({ secrets: new Map() }))).toMatchObject({ reason: 'Waiting' })
  })

  it('wants its objects and nothing else when all is well', () => {
    expect(typesOf(snapshot())).toEqual(['ConfigMap', 'Service', 'PodDisruptionBudget', 'StatefulSet'])
    expect(nats.verdict(snapshot({ children: children(set(1)) }))).toMatchObject({
      status: 'True',
      message: '1 of 1 NATS node',
    })
  })

  it.each([
    { ready: 3, status: 'True' },
    { ready: 2, status: 'True' },
    { ready: 1, status: 'False' },
  ])('is $status with $ready of 3 nodes: a majority must be up', ({ ready, status }) => {
    const given = snapshot({ sender: three, secrets: issuedSecrets(three), children: children(set(ready)) })
    expect(nats.verdict(given).status).toBe(status)
  })

  it('is not ready for a new spec before it has reached every node', () => {
    const rolling = children(set(1, { updateRevision: 'b' }))
    expect(nats.verdict(snapshot({ children: rolling })).reason).toBe('RollingOut')
    const settled = sender({ status: { observedGeneration: 1 } })
    expect(nats.verdict(snapshot({ sender: settled, children: rolling })).status).toBe('True')
  })

  it.each<{ why: string; seen: JetstreamSeen; reason: string; makes: boolean }>([
    { why: 'cannot be reached', seen: { reached: false, fault: 'x' }, reason: 'Unreachable', makes: false },
    {
      why: 'has no stream',
      seen: { reached: true, stream: { exists: false }, consumer: { exists: false } },
      reason: 'StreamNotReady',
      makes: true,
    },
    {
      why: 'has another stream',
      seen: { reached: true, stream: { exists: true, differs: ['max_msgs'] }, consumer: good },
      reason: 'StreamNotReady',
      makes: true,
    },
  ])('says $reason when NATS $why', ({ seen, reason, makes }) => {
    const given = snapshot({ children: children(set(1)), evidence: seeing(seen) })
    expect(nats.verdict(given).reason).toBe(reason)
    expect(typesOf(given).includes('queue')).toBe(makes)
  })

  it('tells a node to reload that shows an older certificate, and only that one', () => {
    const secrets = issuedSecrets(three)
    const nodes = ['01', '00', undefined].map((servedSerial, index) => ({
      name: `orders-nats-${index}`,
      ...(servedSerial !== undefined && { servedSerial }),
    }))
    const evidence = { ...snapshot().evidence, natsHandshake: { lookedAt: NOW, seen: { nodes } } }
    const reloads = nats
      .desired(snapshot({ sender: three, secrets, evidence }))
      .filter(({ type }) => type === 'natsReload')
    expect(reloads).toMatchObject([{ address: { node: 'orders-nats-1' } }])
  })

  it('rolls the nodes for another CA to trust, not for a renewed certificate', () => {
    const hash = (more: object) => {
      const secrets = issuedSecrets(sender())
      const facts = secrets.get('orders-nats-server')
      if (facts)
        secrets.set('orders-nats-server', {
          ...facts,
          certificate: certificate({ ...facts.certificate, ...more }),
        })
      const wish = nats
        .desired(snapshot({ secrets }))
        .find((one) => one.type === 'object' && one.resource.kind === 'StatefulSet')
      return JSON.stringify(wish?.type === 'object' ? wish.object['spec'] : undefined)
    }
    expect(hash({ serial: '02' })).toBe(hash({}))
    expect(hash({ issuerKeyHash: 'other' })).toBe(hash({}))
    expect(hash({ trustedKeys: ['ca-key', 'other'] })).not.toBe(hash({}))
  })

  it('lets a worker do no more than take and add messages', () => {
    const text = natsConfiguration(sender(), snapshot().installation)
    expect(text).toContain('$JS.API.CONSUMER.MSG.NEXT.batchsender-mail-orders.worker')
    expect(text).not.toMatch(/worker[^\n]*STREAM\.(CREATE|DELETE|PURGE)/)
    expect(text).not.toContain('cluster {')
  })

  it('joins three nodes by routes under mutual TLS', () => {
    const text = natsConfiguration(three, snapshot().installation)
    expect(text.match(/tls:\/\/orders-nats-\d\.orders-nats\.mail\.svc\.cluster\.local:6222/g)).toHaveLength(3)
    expect(text).toContain('verify_and_map: true')
  })
})
