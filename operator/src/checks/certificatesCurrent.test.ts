import { describe, expect, it } from 'vitest'
import { natsTlsFigures } from '../components/nats/tlsFigures.ts'
import {
  allReferences,
  certificate,
  issuedSecrets,
  NOW,
  sender,
  snapshot,
  SPEC,
} from '../testing/snapshots.ts'
import { certificatesCurrent } from './certificatesCurrent.ts'

const DAY_MS = 86_400_000
const endingIn = (days: number, isCa = false) =>
  certificate({ isCa, notAfter: new Date(NOW.getTime() + days * DAY_MS) })
const external = (tlsSecretRef?: { name: string }) =>
  sender({
    spec: {
      ...SPEC,
      nats: { external: { servers: ['tls://n:4222'], ...(tlsSecretRef && { tlsSecretRef }) } },
    },
  })
const withReference = (name: string, days: number, isCa = false) =>
  allReferences().set(name, {
    found: true,
    keys: ['tls.crt'],
    fingerprints: {},
    certificate: endingIn(days, isCa),
  })

describe('certificates-current', () => {
  it('is proven while the first to end has more than a week left, and looked at again by then', () => {
    const proof = certificatesCurrent.prove(snapshot())
    expect(proof).toMatchObject({ state: 'Proven', lookAgainMs: (89 - 7) * DAY_MS })
  })

  it.each([
    { days: 7.1, state: 'Proven' },
    {
      days: 6.9,
      state: 'Failing',
      says: /^the certificate in Secret orders-nats-worker ends at .*: it was not renewed/,
    },
    { days: -1, state: 'Failing', says: /ended at/ },
  ])('is $state with a leaf of ours that has $days days left', ({ days, state, says = /./ }) => {
    const secrets = issuedSecrets(sender())
    secrets.set('orders-nats-worker', { keys: [], deleting: false, certificate: endingIn(days) })
    const proof = certificatesCurrent.prove(snapshot({ secrets }))
    expect(proof.state).toBe(state)
    expect(proof.message).toMatch(says)
  })

  it('fails for the CA of the user that ends soon, and its end is told in figures', () => {
    const who = sender({
      spec: { ...SPEC, nats: { managed: {}, tls: { issuerSecretRef: { name: 'our-ca' } } } },
    })
    const given = snapshot({ sender: who, references: withReference('our-ca', 3, true) })
    expect(certificatesCurrent.prove(given)).toEqual({
      state: 'Failing',
      message: 'the CA in Secret our-ca ends at 2026-11-26T12:00:00Z: put its successor there',
    })
    expect(natsTlsFigures(given)).toMatchObject({ natsTls: { caExpiresAt: '2026-11-26T12:00:00Z' } })
  })

  it('fails for the certificate that is shown to NATS that runs elsewhere', () => {
    const given = snapshot({ sender: external({ name: 'client' }), references: withReference('client', 3) })
    expect(certificatesCurrent.prove(given)).toMatchObject({ state: 'Failing' })
    expect(natsTlsFigures(given)).toEqual({ natsTls: { expiresAt: '2026-11-26T12:00:00Z' } })
    expect(certificatesCurrent.prove(snapshot({ sender: external() })).state).toBe('NotConfigured')
    expect(natsTlsFigures(snapshot({ sender: external() }))).toEqual({})
  })

  it('is unknown while there is none', () => {
    expect(certificatesCurrent.prove(snapshot({ secrets: new Map() })).state).toBe('Unknown')
  })
})
