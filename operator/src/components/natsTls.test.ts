import { describe, expect, it } from 'vitest'
import { certificate, issuedSecrets, NOW, reference, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { natsTls } from './natsTls.ts'

const DAY_MS = 86_400_000
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY_MS)

/** The Secrets as issued, with one changed or taken away. */
function secretsWith(name: string, change?: Partial<ReturnType<typeof certificate>>) {
  const secrets = issuedSecrets(sender())
  const facts = secrets.get(name)
  if (change && facts?.certificate)
    secrets.set(name, { ...facts, certificate: { ...facts.certificate, ...change } })
  else secrets.delete(name)
  return secrets
}

const namesOf = (secrets: ReturnType<typeof issuedSecrets>, more = {}) =>
  natsTls
    .desired(snapshot({ secrets, ...more }))
    .map((wish) => ('secret' in wish ? wish.secret.name : wish.type))

describe('natsTls', () => {
  it('wants nothing while everything is in time', () => {
    expect(natsTls.desired(snapshot())).toEqual([])
    expect(natsTls.verdict(snapshot())).toMatchObject({ status: 'True', reason: 'Issued' })
  })

  it('makes the CA first and alone', () => {
    expect(namesOf(new Map())).toEqual(['orders-nats-ca'])
    expect(natsTls.verdict(snapshot({ secrets: new Map() }))).toMatchObject({
      status: 'False',
      reason: 'Issuing',
    })
  })

  it.each([
    { why: 'is gone', change: undefined },
    { why: 'does not fit its key', change: { keyMatches: false } },
    { why: 'was signed by another CA', change: { issuerKeyHash: 'other' } },
    { why: 'has expired', change: { notAfter: inDays(-1) } },
    { why: 'names another host', change: { dnsNames: ['elsewhere'] } },
    { why: 'may not be shown by a server', change: { usages: ['clientAuth'] } },
    { why: 'is near its end', change: { notAfter: inDays(29) } },
  ])('makes the leaf of the servers anew when it $why', ({ change }) => {
    expect(namesOf(secretsWith('orders-nats-server', change))).toEqual(['orders-nats-server'])
  })

  it('stays ready while a leaf is only near its end', () => {
    const secrets = secretsWith('orders-nats-worker', { notAfter: inDays(29) })
    expect(natsTls.verdict(snapshot({ secrets })).status).toBe('True')
  })

  it('renews the CA before a leaf would have to outlive it', () => {
    expect(namesOf(secretsWith('orders-nats-ca', { notAfter: inDays(89) }))).toEqual(['orders-nats-ca'])
    expect(namesOf(secretsWith('orders-nats-ca', { notAfter: inDays(91) }))).toEqual([])
  })

  it('does not renew for ever under a CA of the user that ends soon', () => {
    const who = sender({
      spec: { ...SPEC, nats: { managed: {}, tls: { issuerSecretRef: { name: 'our-ca' } } } },
    })
    const ca = certificate({ isCa: true, keyHash: 'ca-key', notAfter: inDays(10) })
    const secrets = new Map(
      [...issuedSecrets(who)].map(([name, facts]) => [
        name,
        facts.certificate ? { ...facts, certificate: { ...facts.certificate, notAfter: inDays(10) } } : facts,
      ]),
    )
    const references = new Map([['our-ca', { ...reference('tls.crt', 'tls.key'), certificate: ca }]])
    expect(natsTls.desired(snapshot({ sender: who, secrets, references }))).toEqual([])
  })

  it.each([
    { why: 'cannot be read', facts: reference('tls.crt', 'tls.key'), says: /no certificate/ },
    {
      why: 'is no CA',
      facts: { ...reference('tls.crt', 'tls.key'), certificate: certificate() },
      says: /not a CA/,
    },
    {
      why: 'has another key',
      facts: {
        ...reference('tls.crt', 'tls.key'),
        certificate: certificate({ isCa: true, keyMatches: false }),
      },
      says: /does not belong/,
    },
  ])('stalls when the CA of the user $why', ({ facts, says }) => {
    const who = sender({
      spec: { ...SPEC, nats: { managed: {}, tls: { issuerSecretRef: { name: 'our-ca' } } } },
    })
    const given = snapshot({ sender: who, references: new Map([['our-ca', facts]]) })
    expect(natsTls.desired(given)).toEqual([])
    const verdict = natsTls.verdict(given)
    expect(verdict).toMatchObject({ status: 'False', reason: 'IssuerUnusable' })
    expect(verdict.message).toMatch(says)
  })

  it('keeps the CA beyond its BatchSender unless told to delete', () => {
    const keep = natsTls.desired(snapshot({ secrets: new Map() }))
    expect(keep).toMatchObject([
      { secret: { owned: false, labels: { 'batchsender.io/retained-for': 'orders' } } },
    ])
    const who = sender({ spec: { ...SPEC, deletionPolicy: 'Delete' } })
    expect(natsTls.desired(snapshot({ sender: who, secrets: new Map() }))).toMatchObject([
      { secret: { owned: true } },
    ])
  })

  it('has nothing to make for NATS that runs elsewhere', () => {
    const who = sender({
      spec: { ...SPEC, nats: { external: { servers: ['tls://nats.example.com:4222'] } } },
    })
    const given = snapshot({ sender: who, secrets: new Map() })
    expect(natsTls.desired(given)).toEqual([])
    expect(natsTls.verdict(given)).toMatchObject({ status: 'True', reason: 'Provided' })
  })

  it('asks to look again when the first renewal is due', () => {
    expect(natsTls.verdict(snapshot()).lookAgainMs).toBe((89 - 30) * DAY_MS)
  })
})
