import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import type { JetstreamSeen, NodeHandshake } from './seen.ts'
import {
  children,
  issuedSecrets,
  nodeAsIssued,
  NOW,
  sender,
  snapshot,
  SPEC,
} from '../../testing/snapshots.ts'
import { natsNodes } from '../parts/natsTopology.ts'
import { nats } from './nats.ts'
import { natsConfiguration } from './configuration.ts'

const three = sender({ spec: { ...SPEC, nats: { managed: { replicas: 3 } } } })

const set = (readyReplicas: number, more: object = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'orders-nats', generation: 1 },
  spec: { replicas: readyReplicas, template: {} },
  status: { observedGeneration: 1, readyReplicas, updateRevision: 'a', currentRevision: 'a', ...more },
})

const typesOf = (given: Snapshot) =>
  nats.desired(given).map((wish) => (wish.type === 'object' ? wish.resource.kind : wish.type))

const seeing = (seen: JetstreamSeen) => ({ ...snapshot().evidence, jetstream: { lookedAt: NOW, seen } })
const good = { exists: true, differs: [] } as const

function setOf(wishes: ReturnType<typeof nats.desired>): object | undefined {
  const wish = wishes.find((one) => one.type === 'object' && one.resource.kind === 'StatefulSet')
  return wish?.type === 'object' ? (wish.object['spec'] as object) : undefined
}

describe('nats', () => {
  it('waits for the certificate of its servers', () => {
    expect(nats.desired(snapshot({ secrets: new Map() }))).toEqual([])
    expect(nats.verdict(snapshot({ secrets: new Map() }))).toMatchObject({ reason: 'Waiting' })
  })

  it('is Available while a certificate is made anew that its nodes have read', () => {
    const secrets = issuedSecrets(three)
    secrets.delete('orders-nats-server')
    const verdictWith = (ready: number) =>
      nats.verdict(snapshot({ sender: three, secrets, children: children(set(ready)) }))
    expect(verdictWith(3)).toMatchObject({ status: 'True', reason: 'Available' })
    expect(verdictWith(1)).toMatchObject({ status: 'False', reason: 'Waiting' })
  })

  it('is not ready while most of its nodes are not', () => {
    const verdictWith = (ready: number) =>
      nats.verdict(snapshot({ sender: three, children: children(set(ready)) }))
    expect(verdictWith(1)).toMatchObject({ status: 'False', reason: 'NodesNotReady' })
    expect(verdictWith(1).message).toMatch(/^1 of 3 NATS nodes/)
    expect(verdictWith(2)).toMatchObject({ status: 'True' })
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

  it.each<{ why: string; node: Partial<NodeHandshake>; runs?: boolean; reason: RegExp }>([
    {
      why: 'shows an older certificate',
      node: { servedSerial: '00', servedKeyHash: 'older' },
      reason: /^serves an older certificate$/,
    },
    {
      why: 'shows the serial with another key',
      node: { servedKeyHash: 'another' },
      reason: /has the serial that was issued and another key/,
    },
    { why: 'lets everybody in', node: { refusesPlain: false }, reason: /plain-text/ },
    { why: 'runs another configuration', node: {}, runs: false, reason: /than ConfigMap orders-nats holds/ },
  ])('tells a node to reload that $why, and only that one', ({ node, runs = true, reason }) => {
    const nodes = natsNodes(three).map((name, index) => ({ ...nodeAsIssued(name), ...(index === 1 && node) }))
    const given = snapshot({ sender: three, secrets: issuedSecrets(three) })
    const { wished } = given.evidence.natsConfiguration?.seen ?? { wished: '' }
    const running = natsNodes(three).map((name, index) => ({ name, isWished: index !== 1 || runs }))
    const evidence = {
      ...given.evidence,
      natsHandshake: { lookedAt: NOW, seen: { nodes } },
      natsConfiguration: { lookedAt: NOW, seen: { wished, nodes: running } },
    }
    const reloads = nats.desired({ ...given, evidence }).filter(({ type }) => type === 'natsReload')
    expect(reloads).toMatchObject([{ address: { node: 'orders-nats-1' } }])
    expect(reloads[0]?.type === 'natsReload' && reloads[0].reason).toMatch(reason)
  })

  it('tells nobody to reload that cannot be reached', () => {
    const nodes = [{ name: 'orders-nats-0', fault: 'cannot be reached' }]
    const evidence = { ...snapshot().evidence, natsHandshake: { lookedAt: NOW, seen: { nodes } } }
    expect(typesOf(snapshot({ evidence }))).not.toContain('natsReload')
  })

  it('rolls the nodes for another CA to trust, and for nothing else that their Secret holds', () => {
    const template = (server: object, ca: object = {}) => {
      const secrets = issuedSecrets(sender())
      for (const [name, more] of [
        ['orders-nats-server', server],
        ['orders-nats-ca', ca],
      ] as const) {
        const facts = secrets.get(name)
        if (facts?.certificate)
          secrets.set(name, { ...facts, certificate: { ...facts.certificate, ...more } })
      }
      const now = setOf(nats.desired(snapshot()))
      return setOf(nats.desired(snapshot({ secrets, children: children({ ...set(1), spec: now }) })))
    }
    const asItWas = setOf(nats.desired(snapshot()))
    expect(template({ serial: '02' })).toEqual(asItWas)
    expect(template({ trustedKeys: ['ca-key', 'older'] })).toEqual(asItWas)
    expect(template({ issuerKeyHash: 'foreign', trustedKeys: ['foreign'] })).toEqual(asItWas)
    const other = { keyHash: 'other', trustedKeys: ['other'], trusts: ['other-certificate'] }
    expect(template({}, other)).toEqual(asItWas)
    expect(template({ trustedKeys: ['ca-key', 'other'] }, other)).not.toEqual(asItWas)
  })

  it('lets a worker do no more than take and add messages', () => {
    const text = natsConfiguration(sender(), snapshot().installation)
    expect(text).toContain('$JS.API.CONSUMER.MSG.NEXT.batchsender-mail-orders.worker')
    expect(text).not.toMatch(/STREAM\.(CREATE|UPDATE|DELETE|PURGE)/)
    expect(text).not.toContain('cluster {')
  })

  it('joins three nodes by routes under mutual TLS', () => {
    const text = natsConfiguration(three, snapshot().installation)
    expect(text.match(/tls:\/\/orders-nats-\d\.orders-nats\.mail\.svc\.cluster\.local:6222/g)).toHaveLength(3)
    expect(text).toContain('verify_and_map: true')
  })
})
