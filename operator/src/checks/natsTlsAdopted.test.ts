import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../components/snapshot.ts'
import type { NodeConfiguration, NodeHandshake } from '../components/nats/seen.ts'
import { nats } from '../components/nats/nats.ts'
import {
  certificate,
  children,
  issuedSecrets,
  nodeAsIssued,
  NOW,
  reference,
  sender,
  snapshot,
  SPEC,
} from '../testing/snapshots.ts'
import { natsTlsAdopted } from './natsTlsAdopted.ts'

const well = nodeAsIssued('orders-nats-0')
const older = { servedSerial: '00', servedKeyHash: 'older' }

const seeing = (...nodes: readonly NodeHandshake[]) => ({
  ...snapshot().evidence,
  natsHandshake: { lookedAt: NOW, seen: { nodes } },
})

/** With what the node says of its configuration, compared with the wished one or another. */
const running = (node: Partial<NodeConfiguration>, of?: string) => {
  const { natsConfiguration } = snapshot().evidence
  const wished = of ?? natsConfiguration?.seen.wished ?? ''
  const seen = { wished, nodes: [{ name: 'orders-nats-0', ...node }] }
  return { ...seeing(well), natsConfiguration: { lookedAt: NOW, seen } }
}

const provenBefore = sender({
  status: {
    checks: [
      { name: 'nats-tls-adopted', state: 'Proven', message: 'all well', since: '2026-11-23T00:00:00Z' },
    ],
  },
})

/** Nodes are being replaced, or are not. */
const nodesOf = (given: Snapshot, currentRevision = 'b') => {
  const wish = nats.desired(given).find((one) => one.type === 'object' && one.resource.kind === 'StatefulSet')
  const object = wish?.type === 'object' ? wish.object : undefined
  const status = { observedGeneration: 1, readyReplicas: 1, updateRevision: 'b', currentRevision }
  return children({
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', spec: object?.['spec'] },
    ...{ metadata: { name: 'orders-nats', generation: 1 }, status },
  })
}

/** The server's certificate, issued some seconds ago. */
function issued(agoSeconds: number) {
  const secrets = issuedSecrets(sender())
  const facts = secrets.get('orders-nats-server')
  // Certificates begin five minutes before they are made.
  const notBefore = new Date(NOW.getTime() - agoSeconds * 1000 - 300_000)
  if (facts)
    secrets.set('orders-nats-server', {
      ...facts,
      certificate: certificate({ ...facts.certificate, notBefore }),
    })
  return secrets
}

describe('nats-tls-adopted', () => {
  it('is proven by a handshake that shows the issued certificate and a refusal of all others', () => {
    expect(natsTlsAdopted.prove(snapshot({ evidence: seeing(well) })).state).toBe('Proven')
  })

  it.each<{ why: string; node: NodeHandshake; says: RegExp }>([
    { why: 'lets plain text in', node: { ...well, refusesPlain: false }, says: /plain-text/ },
    {
      why: 'lets clients in without a certificate',
      node: { ...well, refusesAnonymous: false },
      says: /without a certificate/,
    },
    {
      why: 'shows an older certificate for too long',
      node: { ...well, ...older },
      says: /older certificate/,
    },
    {
      why: 'shows the issued serial with another key',
      node: { ...well, servedKeyHash: 'another' },
      says: /^orders-nats-0 serves a certificate that has the serial that was issued and another key$/,
    },
    {
      why: 'shows a certificate of another CA',
      node: { ...well, ...older, distrust: 'untrusted' },
      says: /is not signed by a CA that clients trust/,
    },
    {
      why: 'shows the issued serial of another CA with another key for another name',
      node: { ...well, servedKeyHash: 'another', distrust: 'untrusted', isMisnamed: true },
      says: /that is not signed by a CA that clients trust and is not for its name and has the serial/,
    },
    { why: 'shows what has expired', node: { ...well, distrust: 'expired' }, says: /has expired/ },
    { why: 'is misnamed', node: { ...well, isMisnamed: true }, says: /is not for its name/ },
    {
      why: 'does not answer',
      node: { name: 'orders-nats-0', fault: 'refuses connections' },
      says: /refuses connections/,
    },
  ])('fails when a node $why', ({ node, says }) => {
    const proof = natsTlsAdopted.prove(snapshot({ evidence: seeing(node), secrets: issued(600) }))
    expect(proof.state).toBe('Failing')
    expect(proof.message).toMatch(says)
  })

  it('gives the nodes time to follow a renewal before it takes a proof back', () => {
    const evidence = seeing({ ...well, ...older })
    const proven = snapshot({ evidence, secrets: issued(20), sender: provenBefore })
    expect(natsTlsAdopted.prove(proven)).toMatchObject({ state: 'Proven', message: 'all well' })
    expect(natsTlsAdopted.prove(snapshot({ evidence, secrets: issued(20) })).state).toBe('Unknown')
  })

  it('takes nothing but an older certificate of ours for a renewal on its way', () => {
    for (const node of [
      { ...well, ...older, distrust: 'untrusted' as const },
      { ...well, servedKeyHash: 'another' },
      { name: 'orders-nats-0', fault: 'cannot be reached' },
    ]) {
      const given = snapshot({ evidence: seeing(node), secrets: issued(20), sender: provenBefore })
      expect(natsTlsAdopted.prove(given).state).toBe('Failing')
    }
  })

  it('says of a node that is being replaced that it is not known, not that it is wrong', () => {
    const evidence = seeing({ name: 'orders-nats-0', fault: 'cannot be reached' })
    const rolling = snapshot({ evidence, sender: provenBefore, children: nodesOf(snapshot(), 'a') })
    expect(natsTlsAdopted.prove(rolling)).toEqual({
      state: 'Unknown',
      message: 'orders-nats-0 cannot be reached',
    })
  })

  it('fails when a node that was started with the present one runs another configuration', () => {
    const evidence = running({ isWished: false })
    const given = snapshot({ evidence, sender: provenBefore, children: nodesOf(snapshot()) })
    expect(natsTlsAdopted.prove(given)).toMatchObject({
      state: 'Failing',
      message: 'orders-nats-0 runs another configuration than ConfigMap orders-nats holds',
    })
    const rolling = { ...given, children: nodesOf(snapshot(), 'a') }
    expect(natsTlsAdopted.prove(rolling)).toMatchObject({ state: 'Proven', message: 'all well' })
  })

  it('does not wait for ever for a change to come to a node while another one is not ready', () => {
    const since = (seconds: number) => ({
      isWished: false,
      astraySince: new Date(NOW.getTime() - seconds * 1_000),
    })
    const rolling = { sender: provenBefore, children: nodesOf(snapshot(), 'a') }
    const proofAfter = (seconds: number) =>
      natsTlsAdopted.prove(snapshot({ ...rolling, evidence: running(since(seconds)) })).state
    expect(proofAfter(800)).toBe('Proven')
    expect(proofAfter(901)).toBe('Failing')
  })

  it.each([
    { why: 'a node does not tell', evidence: running({ fault: 'does not tell' }), says: /does not tell/ },
    { why: 'it was compared with another', evidence: running({ isWished: true }, 'x'), says: /no node has/ },
  ])('is not proven while $why', ({ evidence, says }) => {
    const proof = natsTlsAdopted.prove(snapshot({ evidence }))
    expect(proof.state).toBe('Unknown')
    expect(proof.message).toMatch(says)
  })

  it('is not green without a word under a CA of the user that ends soon', () => {
    const minutes = new Date(NOW.getTime() + 360_000)
    const nats = { managed: {}, tls: { issuerSecretRef: { name: 'our-ca' } } }
    const who = sender({ spec: { ...SPEC, nats } })
    const ca = certificate({ isCa: true, keyHash: 'ca-key', notAfter: minutes })
    const references = new Map([['our-ca', { ...reference('tls.crt', 'tls.key'), certificate: ca }]])
    expect(natsTlsAdopted.prove(snapshot({ sender: who, references })).message).toMatch(
      /; the CA in Secret our-ca ends at 2026-11-23T12:06:00Z: put its successor there$/,
    )
  })

  it('knows nothing before the first handshake', () => {
    expect(natsTlsAdopted.prove(snapshot({ evidence: {} })).state).toBe('Unknown')
  })
})
