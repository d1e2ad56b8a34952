import { describe, expect, it } from 'vitest'
import {
  certificate,
  children,
  issuedSecrets,
  NOW,
  reference,
  sender,
  snapshot,
  SPEC,
} from '../testing/snapshots.ts'
import type { CertificateFacts, SecretFacts } from './snapshot.ts'
import { nats } from './nats/nats.ts'
import { natsTls } from './natsTls.ts'

const DAY_MS = 86_400_000
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY_MS)

/** The Secrets as issued, with one changed or taken away. */
function secretsWith(
  name: string,
  change?: { [Field in keyof CertificateFacts]?: CertificateFacts[Field] | undefined },
) {
  const secrets = issuedSecrets(sender())
  const facts = secrets.get(name)
  if (change && facts?.certificate)
    secrets.set(name, { ...facts, certificate: { ...facts.certificate, ...change } as CertificateFacts })
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
    { why: 'was signed by a CA that it does not trust', change: { issuerKeyHash: undefined } },
    { why: 'has expired', change: { notAfter: inDays(-1) } },
    { why: 'names another host', change: { dnsNames: ['elsewhere'] } },
    { why: 'may not be shown by a server', change: { usages: ['clientAuth'] } },
    { why: 'is near its end', change: { notBefore: inDays(-61), notAfter: inDays(29) } },
  ])('makes the leaf of the servers anew when it $why', ({ change }) => {
    expect(namesOf(secretsWith('orders-nats-server', change))).toEqual(['orders-nats-server'])
  })

  it('stays ready while a leaf is only near its end', () => {
    const secrets = secretsWith('orders-nats-worker', { notBefore: inDays(-61), notAfter: inDays(29) })
    expect(natsTls.verdict(snapshot({ secrets })).status).toBe('True')
  })

  it('renews the CA before a leaf would have to outlive it', () => {
    const ending = (days: number) => ({ notBefore: inDays(-1_700), notAfter: inDays(days) })
    expect(namesOf(secretsWith('orders-nats-ca', ending(89)))).toEqual(['orders-nats-ca'])
    expect(namesOf(secretsWith('orders-nats-ca', ending(91)))).toEqual([])
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
      why: 'has a key that cannot sign',
      facts: {
        ...reference('tls.crt', 'tls.key'),
        certificate: certificate({ isCa: true, signingFault: 'a key of type ed25519 cannot sign here' }),
      },
      says: /^the CA in Secret our-ca cannot be used: a key of type ed25519 cannot sign here$/,
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

  it('leaves a CA that somebody put in place of ours alone when it cannot sign, and says so', () => {
    const given = snapshot({ secrets: secretsWith('orders-nats-ca', { signingFault: 'it cannot' }) })
    expect(natsTls.desired(given)).toEqual([])
    expect(natsTls.verdict(given)).toMatchObject({ status: 'False', reason: 'IssuerUnusable' })
    expect(natsTls.verdict(given).message).toMatch(
      /orders-nats-ca cannot be used: it cannot; put another one there$/,
    )
  })

  it.each([
    { duration: '1h', renewBefore: '59m59s', servesMs: 1_000_000 },
    { duration: '1h', renewBefore: '10m', servesMs: 3_000_000 },
    { duration: '2160h', renewBefore: '720h', servesMs: 60 * DAY_MS },
  ])('lets a leaf of $duration serve for a third of its life at least, with $renewBefore', (given) => {
    const { duration, renewBefore, servesMs } = given
    const who = sender({ spec: { ...SPEC, nats: { managed: {}, tls: { duration, renewBefore } } } })
    const lifeMs = Number.parseInt(duration, 10) * 3_600_000
    const aged = (ageMs: number) =>
      new Map(
        [...issuedSecrets(who)].map(([name, facts]): [string, SecretFacts] => {
          if (!facts.certificate || facts.certificate.isCa) return [name, facts]
          const notBefore = new Date(NOW.getTime() - ageMs - 300_000)
          const notAfter = new Date(NOW.getTime() - ageMs + lifeMs)
          return [name, { ...facts, certificate: { ...facts.certificate, notBefore, notAfter } }]
        }),
      )
    const wishes = (ageMs: number) => natsTls.desired(snapshot({ sender: who, secrets: aged(ageMs) }))
    expect(wishes(0)).toEqual([])
    expect(wishes(servesMs - 1_000)).toEqual([])
    expect(wishes(servesMs + 1_000)).toHaveLength(4)
    const { lookAgainMs = 0 } = natsTls.verdict(snapshot({ sender: who, secrets: aged(0) }))
    expect(lookAgainMs).toBeGreaterThan(lifeMs / 4)
  })

  it('has another authority trusted without another certificate when the CA says so', () => {
    const secrets = secretsWith('orders-nats-ca', { trusts: ['ca-certificate', 'root to come'] })
    const wishes = natsTls.desired(snapshot({ secrets }))
    expect(wishes).toHaveLength(4)
    for (const wish of wishes) expect(wish).toMatchObject({ request: { role: 'trust' } })
    const settled = sender({ status: { observedGeneration: 1 } })
    expect(natsTls.verdict(snapshot({ secrets, sender: settled })).status).toBe('True')
    expect(natsTls.verdict(snapshot({ secrets })).reason).toBe('Issuing')
  })

  it.each([
    {
      why: 'is signed by a CA that nobody else trusts, and brings it along',
      change: {
        issuerKeyHash: 'foreign',
        trusts: ['ca-certificate', 'foreign'],
        trustedKeys: ['ca-key', 'foreign'],
      },
      reason: 'signed by a CA that nobody else trusts',
    },
    {
      why: 'trusts a CA that nobody else trusts',
      change: { trusts: ['ca-certificate', 'foreign'], trustedKeys: ['ca-key', 'foreign'] },
      reason: 'trusts a CA that nobody else trusts',
    },
  ])('makes a leaf anew at once that $why, and keeps nothing of it', ({ change, reason }) => {
    const secrets = secretsWith('orders-nats-server', change)
    expect(natsTls.desired(snapshot({ secrets }))).toMatchObject([
      { secret: { name: 'orders-nats-server' }, reason, request: { role: 'leaf', keepsTrust: false } },
    ])
  })

  it('takes a CA that all trust for the one before', () => {
    const change = {
      issuerKeyHash: 'older',
      trusts: ['ca-certificate', 'o'],
      trustedKeys: ['ca-key', 'older'],
    }
    const secrets = new Map(
      [...issuedSecrets(sender())].map(([name, facts]): [string, SecretFacts] => [
        name,
        facts.certificate?.isCa === false
          ? { ...facts, certificate: { ...facts.certificate, ...change } }
          : facts,
      ]),
    )
    const wishes = natsTls.desired(snapshot({ secrets }))
    expect(wishes).toHaveLength(4)
    for (const wish of wishes) expect(wish).toMatchObject({ reason: 'signed by another CA' })
  })

  describe('says well before that what only a person can renew ends', () => {
    const own = { managed: {}, tls: { issuerSecretRef: { name: 'our-ca' } } }
    const under = (days: number, leafDays = 89) => {
      const who = sender({ spec: { ...SPEC, nats: own } })
      const ca = certificate({
        isCa: true,
        keyHash: 'ca-key',
        notBefore: inDays(-900),
        notAfter: inDays(days),
      })
      const secrets = new Map(
        [...issuedSecrets(who)].map(([name, facts]): [string, SecretFacts] => [
          name,
          facts.certificate?.isCa === false
            ? { ...facts, certificate: { ...facts.certificate, notAfter: inDays(leafDays) } }
            : facts,
        ]),
      )
      const references = new Map([['our-ca', { ...reference('tls.crt', 'tls.key'), certificate: ca }]])
      return natsTls.verdict(snapshot({ sender: who, secrets, references }))
    }

    it.each([
      { why: 'a CA outlives every leaf', days: 91, leafDays: 80, reason: 'Issued' },
      { why: 'a leaf made now would have to end with its CA', days: 89, leafDays: 80, reason: 'Ending' },
      { why: 'a leaf was cut short for its CA', days: 91, leafDays: 91, reason: 'Ending' },
      { why: 'it is minutes away', days: 0.004, leafDays: 0.004, reason: 'Ending' },
    ])('$reason when $why', ({ days, leafDays, reason }) => {
      const verdict = under(days, leafDays)
      expect(verdict).toMatchObject({ status: 'True', reason })
      const end = `${inDays(days).toISOString().slice(0, 19)}Z`
      if (reason === 'Ending')
        expect(verdict.message).toBe(
          `all certificates are issued; the CA in Secret our-ca ends at ${end}: put its successor there`,
        )
    })

    it.each([
      { days: 31, status: 'True', reason: 'Provided' },
      { days: 29, status: 'True', reason: 'Ending' },
      { days: -1, status: 'False', reason: 'Ended' },
    ])('$reason for a client certificate of the user that ends in $days days', ({ days, status, reason }) => {
      const external = { servers: ['tls://nats.example.com:4222'], tlsSecretRef: { name: 'nats-client' } }
      const facts = certificate({ notBefore: inDays(-200), notAfter: inDays(days) })
      const references = new Map([['nats-client', { ...reference('tls.crt'), certificate: facts }]])
      const given = snapshot({ sender: sender({ spec: { ...SPEC, nats: { external } } }), references })
      const verdict = natsTls.verdict(given)
      expect(verdict).toMatchObject({ status, reason })
      if (reason !== 'Provided') expect(verdict.message).toMatch(/^the certificate in Secret nats-client end/)
    })
  })

  it('goes over to another CA without a moment in which somebody is not believed', () => {
    const rollOut = new RollOut()
    for (let pass = 0; pass < 20; pass += 1) {
      rollOut.pass(() => {
        for (const [one, two] of rollOut.pairs()) expect(believe(one, two) && believe(two, one)).toBe(true)
      })
    }
    expect(rollOut.nodes.map(({ issuerKeyHash }) => issuerKeyHash)).toEqual(['new-key', 'new-key', 'new-key'])
  })
})

const believe = (one: CertificateFacts, { issuerKeyHash = '' }: CertificateFacts) =>
  one.trustedKeys.includes(issuerKeyHash)

/** Three NATS nodes and all who speak to them, on their way to another CA; one node is started anew in each pass. */
class RollOut {
  readonly #who = sender({
    spec: { ...SPEC, nats: { managed: { replicas: 3 } } },
    status: { observedGeneration: 1 },
  })
  readonly #secrets = issuedSecrets(this.#who)
  #set = setOf(nats.desired(snapshot({ sender: this.#who, secrets: issuedSecrets(this.#who) })))
  #rolled = 3
  /** What each node read last. */
  readonly nodes = [0, 1, 2].map(() => this.#leaf('server'))

  constructor() {
    const facts = this.#secrets.get('orders-nats-ca')
    const other = certificate({
      isCa: true,
      keyHash: 'new-key',
      trusts: ['new-certificate'],
      trustedKeys: ['new-key'],
      notAfter: inDays(1_800),
    })
    if (facts) this.#secrets.set('orders-nats-ca', { ...facts, certificate: other })
  }

  #leaf(name: string): CertificateFacts {
    const found = this.#secrets.get(`orders-nats-${name}`)?.certificate
    if (!found) throw new Error(`no certificate for ${name}`)
    return found
  }

  /** Every two that may speak to each other: nodes among themselves, and each with each client. */
  pairs(): (readonly [CertificateFacts, CertificateFacts])[] {
    const clients = ['worker', 'operator', 'system'].map((name) => this.#leaf(name))
    return this.nodes.flatMap((node) => [...this.nodes, ...clients].map((peer) => [node, peer] as const))
  }

  pass(look: () => void): void {
    const given = snapshot({ sender: this.#who, secrets: this.#secrets, children: this.#children() })
    for (const wish of natsTls.desired(given)) {
      this.#issue(wish)
      look()
    }
    const wanted = setOf(nats.desired(given))
    if (JSON.stringify(wanted) !== JSON.stringify(this.#set)) this.#rolled = 0
    this.#set = wanted
    // Once all are new, whoever shows an older certificate is told to reload.
    if (this.#rolled < 3) this.nodes[this.#rolled] = this.#leaf('server')
    else this.nodes.fill(this.#leaf('server'))
    this.#rolled = Math.min(3, this.#rolled + 1)
    look()
  }

  #children() {
    const currentRevision = this.#rolled === 3 ? 'new' : 'old'
    return children({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'orders-nats', generation: 1 },
      spec: this.#set,
      status: { observedGeneration: 1, readyReplicas: 3, updateRevision: 'new', currentRevision },
    })
  }

  #issue(wish: ReturnType<typeof natsTls.desired>[number]): void {
    const before = wish.type === 'certificate' ? this.#secrets.get(wish.secret.name) : undefined
    if (wish.type !== 'certificate' || !before?.certificate) throw new Error('no leaf is asked for')
    const made: CertificateFacts = {
      ...before.certificate,
      trusts: [...new Set([...before.certificate.trusts, 'new-certificate'])],
      trustedKeys: [...new Set([...before.certificate.trustedKeys, 'new-key'])],
      ...(wish.request.role === 'leaf' && { issuerKeyHash: 'new-key' }),
    }
    this.#secrets.set(wish.secret.name, { ...before, certificate: made })
  }
}

function setOf(wishes: ReturnType<typeof nats.desired>): Record<string, unknown> | undefined {
  const wish = wishes.find((one) => one.type === 'object' && one.resource.kind === 'StatefulSet')
  return wish?.type === 'object' ? (wish.object['spec'] as Record<string, unknown>) : undefined
}
