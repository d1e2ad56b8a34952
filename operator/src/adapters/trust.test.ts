/** CAs as users bring them, against the TLS of Node itself. */
import { connect, createServer, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { linedPem } from '../../../crds/pem.ts'
import { ALGORITHMS, authority, type Authority } from '../testing/certificates.ts'
import { makeLeaf, trustOf } from './certificateAuthority.ts'
import { certificateFacts } from './certificateFacts.ts'
import { certificatesIn, isPlain, pemOf, privateKeyIn } from './pem.ts'

const request = {
  role: 'leaf',
  commonName: 'nats',
  dnsNames: ['localhost'],
  usages: ['serverAuth', 'clientAuth'],
  durationMs: 3_600_000,
  issuerSecret: 'ca',
} as const

const factsOf = ({ certificate, key }: Authority, roots?: string) => certificateFacts(certificate, key, roots)

const isPlainPem = (text: string) => isPlain(text, certificatesIn(text))

/** Whether a client with such a leaf and a server with such a leaf accept each other. */
async function shakeHands(
  server: Awaited<ReturnType<typeof makeLeaf>>,
  client: Awaited<ReturnType<typeof makeLeaf>>,
): Promise<boolean> {
  const options = (pair: typeof server) => ({
    cert: pair['tls.crt'],
    key: pair['tls.key'],
    ca: pair['ca.crt'],
  })
  const listener = createServer({ ...options(server), requestCert: true, rejectUnauthorized: true })
  listener.on('secureConnection', (socket: TLSSocket) => socket.end('welcome'))
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const socket = connect({ ...options(client), host: '127.0.0.1', port, servername: 'localhost' })
  let said = ''
  socket.on('data', (data: Buffer) => (said += data.toString()))
  try {
    // Who is turned away by the other side hears of it after what looks like a connection.
    await once(socket, 'close')
    return said === 'welcome'
  } catch {
    return false
  } finally {
    socket.destroy()
    listener.close()
  }
}

describe('a CA of the user', () => {
  it.each(['p256', 'p384', 'p521', 'rsa'] as const)(
    'signs with a key of %s what TLS accepts',
    async (kind) => {
      const ca = await authority('root', kind)
      expect(factsOf(ca)).toMatchObject({ isCa: true, keyMatches: true })
      expect(factsOf(ca)?.signingFault).toBeUndefined()
      const leaf = await makeLeaf(request, ca, new Date())
      expect(await shakeHands(leaf, leaf)).toBe(true)
    },
  )

  it.each([
    {
      kind: 'ed25519',
      says: 'a key of type ed25519 cannot sign here: use P-256, P-384, P-521 or RSA of 2048 bits',
    },
    { kind: 'rsa1024', says: 'a key of type rsa (1024 bits) cannot sign here' },
  ] as const)('with a key of $kind is known to be of no use', async ({ kind, says }) => {
    expect(Object.keys(ALGORITHMS)).toContain(kind)
    expect(factsOf(await authority('root', kind))?.signingFault).toContain(says)
  })

  it('that may sign for mail alone is known to be of no use', async () => {
    const ca = await authority('root', 'p256', { usages: ['1.3.6.1.5.5.7.3.4'] })
    expect(factsOf(ca)?.signingFault).toContain('extended key usage')
  })

  it.each([
    { why: 'the root in ca.crt', place: (root: string, crt: string) => ({ crt, roots: root }) },
    {
      why: 'the root without its last line feed',
      place: (root: string, crt: string) => ({ crt, roots: root.trimEnd() }),
    },
    {
      why: 'the root behind it in tls.crt',
      place: (root: string, crt: string) => ({ crt: crt + root, roots: undefined }),
    },
    {
      why: 'the root in both',
      place: (root: string, crt: string) => ({ crt: crt.trimEnd() + root, roots: root }),
    },
  ])('below another is believed with $why', async ({ place }) => {
    const root = await authority('root')
    const upper = await authority('upper', 'p384', { by: root })
    const issuing = await authority('issuing', 'p256', { by: upper })
    const { crt, roots } = place(root.certificate, issuing.certificate + upper.certificate)
    const facts = certificateFacts(crt, issuing.key, roots)
    expect(facts?.signingFault).toBeUndefined()
    const issuer = { certificate: crt, key: issuing.key, ...(roots !== undefined && { roots }) }
    const leaf = await makeLeaf(request, issuer, new Date())
    expect(isPlainPem(leaf['ca.crt'])).toBe(true)
    expect(isPlainPem(leaf['tls.crt'])).toBe(true)
    expect(certificatesIn(leaf['tls.crt'])).toHaveLength(3)
    expect(await shakeHands(leaf, leaf)).toBe(true)
    expect(certificateFacts(leaf['tls.crt'], leaf['tls.key'], leaf['ca.crt'])).toMatchObject({
      trusts: facts?.trusts,
      issuerKeyHash: facts?.keyHash,
    })
    expect(leaf['ca.crt']).not.toContain('PRIVATE')
  })

  it('is trusted beside another in a text that was joined without a line feed, once that is put right', async () => {
    const [one, two] = [await authority('one'), await authority('two')]
    const leaf = await makeLeaf(request, two, new Date())
    const joined = { ...leaf, 'ca.crt': one.certificate.trimEnd() + two.certificate }
    expect(await shakeHands(leaf, joined)).toBe(false)
    expect(await shakeHands(leaf, { ...joined, 'ca.crt': linedPem(joined['ca.crt']) })).toBe(true)
  })

  it('below one that nobody brought is known to be believed by nobody', async () => {
    const root = await authority('Our Root')
    const issuing = await authority('issuing', 'p256', { by: root })
    expect(factsOf(issuing)?.signingFault).toBe(
      'it was signed by "CN=Our Root", whose certificate is missing: put it into ca.crt',
    )
    expect(factsOf(issuing, root.certificate)?.signingFault).toBeUndefined()
  })

  it('is followed by another while both are trusted, and by nothing that has ended', async () => {
    const [older, newer] = [await authority('older'), await authority('newer')]
    const before = await makeLeaf(request, older, new Date())
    const trusted = { ...before, 'ca.crt': trustOf(newer, new Date(), before['ca.crt']) }
    const after = await makeLeaf(request, newer, new Date(), trusted['ca.crt'])
    expect(await shakeHands(trusted, after)).toBe(true)
    expect(await shakeHands(after, trusted)).toBe(true)
    expect(await shakeHands(before, after)).toBe(false)
    const much = new Date(Date.now() + 400 * 86_400_000)
    expect(certificatesIn(trustOf(newer, much, before['ca.crt']))).toHaveLength(1)
  })
})

describe('PEM', () => {
  const variants: readonly { why: string; write: (ca: Authority) => string }[] = [
    { why: 'with CRLF', write: ({ certificate }) => certificate.replaceAll('\n', '\r\n') },
    {
      why: 'with blanks at the ends of lines',
      write: ({ certificate }) => certificate.replaceAll('\n', ' \t\n'),
    },
    { why: 'with its key before it', write: ({ certificate, key }) => key + certificate },
    { why: 'with its key behind it', write: ({ certificate, key }) => certificate.trimEnd() + key },
    {
      why: 'with parameters first',
      write: ({ certificate }) =>
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${certificate}`,
    },
    {
      why: 'with words around it',
      write: ({ certificate }) => `subject=CN=x\n${certificate}\nissuer - of it`,
    },
    {
      why: 'in one line',
      write: ({ certificate }) =>
        certificate.replaceAll('\n', '').replaceAll(/-----(BEGIN|END) CERTIFICATE-----/g, '\n$&\n'),
    },
  ]
  it.each(variants)('is read $why, and written plainly', async ({ write }) => {
    const ca = await authority('root')
    const text = write(ca)
    expect(pemOf(certificatesIn(text))).toBe(ca.certificate)
    const leaf = await makeLeaf(request, { certificate: text, key: `${text}\n${ca.key}` }, new Date())
    expect(await shakeHands(leaf, leaf)).toBe(true)
    expect(certificateFacts(text, ca.key, undefined)).toMatchObject({ keyMatches: true })
  })

  it('that is joined without a line feed counts as two, and not as plain', async () => {
    const [one, two] = [await authority('one'), await authority('two')]
    const joined = one.certificate.trimEnd() + two.certificate
    expect(pemOf(certificatesIn(joined))).toBe(one.certificate + two.certificate)
    expect(isPlainPem(joined)).toBe(false)
    const leaf = await makeLeaf(request, one, new Date())
    expect(certificateFacts(leaf['tls.crt'], leaf['tls.key'], joined)).toMatchObject({ trusts: [] })
  })

  it.each([
    { why: 'nothing', text: undefined },
    { why: 'garbage', text: 'no PEM' },
    {
      why: 'a key under a password',
      text: '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----',
    },
    { why: 'no base64', text: '-----BEGIN PRIVATE KEY-----\n%%%\n-----END PRIVATE KEY-----' },
  ])('finds no key in $why', ({ text }) => {
    expect(privateKeyIn(text)).toBeUndefined()
  })
})
