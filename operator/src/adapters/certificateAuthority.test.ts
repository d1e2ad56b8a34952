import { createHook } from 'node:async_hooks'
import { createSecureContext } from 'node:tls'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { makeCa, makeLeaf } from './certificateAuthority.ts'
import { certificateFacts } from './certificateFacts.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const HOUR_MS = 3_600_000
const caRequest = { role: 'ca', commonName: 'test CA', durationMs: 1_000 * HOUR_MS } as const
const leafRequest = {
  role: 'leaf',
  commonName: 'orders-nats-server',
  dnsNames: ['orders-nats-0.orders-nats.mail.svc', 'orders-nats.mail.svc'],
  usages: ['serverAuth', 'clientAuth'],
  durationMs: 10 * HOUR_MS,
  issuerSecret: 'ca',
} as const

const issuerOf = (ca: Awaited<ReturnType<typeof makeCa>>) => ({
  certificate: ca['tls.crt'],
  key: ca['tls.key'],
})

describe('certificates', () => {
  it('make a chain that TLS accepts and that says what was asked for', async () => {
    const ca = await makeCa(caRequest, NOW)
    const leaf = await makeLeaf(leafRequest, issuerOf(ca), NOW)
    const facts = certificateFacts(leaf['tls.crt'], leaf['tls.key'], leaf['ca.crt'])
    expect(facts).toMatchObject({
      dnsNames: leafRequest.dnsNames,
      usages: leafRequest.usages,
      keyMatches: true,
      isCa: false,
      issuerKeyHash: certificateFacts(ca['tls.crt'], ca['tls.key'], ca['ca.crt'])?.keyHash,
      notBefore: new Date(NOW.getTime() - 300_000),
      notAfter: new Date(NOW.getTime() + 10 * HOUR_MS),
    })
    expect(new X509Certificate(leaf['tls.crt']).verify(new X509Certificate(ca['tls.crt']).publicKey)).toBe(
      true,
    )
    expect(() =>
      createSecureContext({ cert: leaf['tls.crt'], key: leaf['tls.key'], ca: leaf['ca.crt'] }),
    ).not.toThrow()
  })

  it('never let a leaf outlive its CA', async () => {
    const ca = await makeCa({ ...caRequest, durationMs: HOUR_MS }, NOW)
    const leaf = await makeLeaf(leafRequest, issuerOf(ca), NOW)
    expect(new X509Certificate(leaf['tls.crt']).validTo).toBe(new X509Certificate(ca['tls.crt']).validTo)
  })

  it('give every certificate a random serial of 128 bits', async () => {
    const ca = await makeCa(caRequest, NOW)
    const serials = await Promise.all(
      [1, 2, 3].map(async () => {
        const leaf = await makeLeaf(leafRequest, issuerOf(ca), NOW)
        return new X509Certificate(leaf['tls.crt']).serialNumber
      }),
    )
    expect(new Set(serials).size).toBe(3)
    expect(serials.every((serial) => serial.length === 32)).toBe(true)
  })

  it('renew a CA with its own key, so that what it signed before stays trusted', async () => {
    const ca = await makeCa(caRequest, NOW)
    const leaf = await makeLeaf(leafRequest, issuerOf(ca), NOW)
    const renewed = await makeCa(caRequest, new Date(NOW.getTime() + HOUR_MS), ca['tls.key'])
    expect(
      new X509Certificate(leaf['tls.crt']).verify(new X509Certificate(renewed['tls.crt']).publicKey),
    ).toBe(true)
    expect(renewed['tls.crt']).not.toBe(ca['tls.crt'])
  })

  it('are made beside the event loop, which goes on turning', async () => {
    const ca = await makeCa(caRequest, NOW)
    let turns = 0
    let isDone = false
    const turn = () => {
      turns += 1
      if (!isDone) setImmediate(turn)
    }
    // A job that blocks has no callback to come back with.
    const [begun, cameBack] = [new Set<number>(), new Set<number>()]
    const hook = createHook({
      init: (id, type) => type === 'KEYPAIRGENREQUEST' && begun.add(id),
      before: (id) => begun.has(id) && cameBack.add(id),
    }).enable()
    setImmediate(turn)
    for (let leaf = 0; leaf < 50; leaf += 1) await makeLeaf(leafRequest, issuerOf(ca), NOW)
    isDone = true
    hook.disable()
    expect([begun.size, cameBack.size]).toEqual([50, 50])
    expect(turns).toBeGreaterThanOrEqual(50)
  })

  it('are signed by a CA of the user with an RSA key, too', async () => {
    const own = await makeCa(caRequest, NOW)
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const leaf = await makeLeaf(leafRequest, { certificate: own['tls.crt'], key }, NOW)
    expect(new X509Certificate(leaf['tls.crt']).verify(publicKey)).toBe(true)
    // The certificate beside it belongs to another key, so nobody here is its issuer.
    expect(certificateFacts(leaf['tls.crt'], leaf['tls.key'], leaf['ca.crt'])?.issuerKeyHash).toBeUndefined()
  })

  it.each([
    { why: 'nothing', pem: undefined },
    { why: 'garbage', pem: 'no certificate' },
    { why: 'a broken block', pem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
  ])('say nothing of $why', ({ pem }) => {
    expect(certificateFacts(pem, undefined, undefined)).toBeUndefined()
  })
})
