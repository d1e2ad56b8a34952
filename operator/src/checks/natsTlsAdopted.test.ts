import { describe, expect, it } from 'vitest'
import type { NodeHandshake } from '../components/snapshot.ts'
import { certificate, issuedSecrets, NOW, sender, snapshot } from '../testing/snapshots.ts'
import { natsTlsAdopted } from './natsTlsAdopted.ts'

const well: NodeHandshake = {
  name: 'orders-nats-0',
  servedSerial: '01',
  refusesPlain: true,
  refusesAnonymous: true,
}

const seeing = (...nodes: readonly NodeHandshake[]) => ({ natsHandshake: { lookedAt: NOW, seen: { nodes } } })

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
      node: { ...well, servedSerial: '00' },
      says: /older certificate/,
    },
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
    const evidence = seeing({ ...well, servedSerial: '00' })
    const check = {
      name: 'nats-tls-adopted',
      state: 'Proven',
      message: 'all well',
      since: '2026-11-23T00:00:00Z',
    } as const
    const proven = snapshot({
      evidence,
      secrets: issued(20),
      sender: sender({ status: { checks: [check] } }),
    })
    expect(natsTlsAdopted.prove(proven)).toMatchObject({ state: 'Proven', message: 'all well' })
    expect(natsTlsAdopted.prove(snapshot({ evidence, secrets: issued(20) })).state).toBe('Unknown')
  })

  it('knows nothing before the first handshake', () => {
    expect(natsTlsAdopted.prove(snapshot({ evidence: {} })).state).toBe('Unknown')
  })
})
