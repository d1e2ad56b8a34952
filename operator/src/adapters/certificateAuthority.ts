/** Makes certificate authorities and signs leaves: ECDSA P-256, random 128-bit serials, a little backdated. */
import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { CaRequest, LeafRequest as OperatorLeafRequest } from '../components/desired.ts'

/** The operator asks for DNS names only; a test cluster also needs addresses and groups. */
export interface LeafRequest extends OperatorLeafRequest {
  readonly addresses?: readonly string[]
  readonly organizations?: readonly string[]
}

x509.cryptoProvider.set(webcrypto as never)

/** PEM texts, under the names that Secrets of type kubernetes.io/tls use. */
export type KeyPair = Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt', string>>

/** A CA to sign with, in PEM. */
export interface Issuer {
  readonly certificate: string
  readonly key: string
  /** What verifies the CA itself, when it is not its own root. */
  readonly roots?: string
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** For clocks that are late. */
const BACKDATE_MS = 300_000
const USAGE = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const

/** @param key of an earlier CA, in PEM: a renewal with the same key breaks no trust. */
export async function makeCa(request: CaRequest, now: Date, key?: string): Promise<KeyPair> {
  const keys = key === undefined ? await newKeys() : await importKeys(key)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [request.commonName] }],
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter: new Date(now.getTime() + request.durationMs),
    signingAlgorithm: P256,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pem = certificate.toString('pem')
  return { 'tls.crt': `${pem}\n`, 'tls.key': await exportKey(keys.privateKey), 'ca.crt': `${pem}\n` }
}

/** The leaf ends with its CA at the latest. */
export async function makeLeaf(request: LeafRequest, issuer: Issuer, now: Date): Promise<KeyPair> {
  const ca = new x509.X509Certificate(issuer.certificate)
  const signingKey = await importSigningKey(issuer.key)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: [
      ...(request.organizations ?? []).map((name) => ({ O: [name] })),
      { CN: [request.commonName.slice(0, 64)] },
    ],
    issuer: ca.subjectName,
    notBefore: new Date(Math.max(now.getTime() - BACKDATE_MS, ca.notBefore.getTime())),
    notAfter: new Date(Math.min(now.getTime() + request.durationMs, ca.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: signingKey.key,
    signingAlgorithm: signingKey.algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => USAGE[usage])),
      new x509.SubjectAlternativeNameExtension(
        [
          ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
          ...(request.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
        ],
        false,
      ),
      await x509.AuthorityKeyIdentifierExtension.create(await ca.publicKey.export()),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const isRoot = ca.subject === ca.issuer
  const chain = isRoot ? '' : `${ca.toString('pem')}\n`
  return {
    'tls.crt': `${certificate.toString('pem')}\n${chain}`,
    'tls.key': await exportKey(keys.privateKey),
    'ca.crt': isRoot ? `${ca.toString('pem')}\n` : `${issuer.roots ?? ''}${ca.toString('pem')}\n`,
  }
}

/** 128 random bits, positive (RFC 5280 §4.1.2.2). */
function randomSerial(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes.toString('hex')
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(P256, true, ['sign', 'verify'])
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(pem)
  const jwk = key.export({ format: 'jwk' })
  const open = { kty: jwk.kty ?? '', crv: jwk.crv ?? '', x: jwk.x ?? '', y: jwk.y ?? '' }
  return {
    privateKey: await webcrypto.subtle.importKey('jwk', { ...open, d: jwk.d ?? '' }, P256, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('jwk', open, P256, true, ['verify']),
  }
}

/** A CA of the user's may have any of the usual keys. */
async function importSigningKey(pem: string) {
  const key = createPrivateKey(pem)
  const algorithm = algorithmOf(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve)
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return { algorithm, key: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) }
}

function algorithmOf(type: string | undefined, curve: string | undefined) {
  if (type === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  if (type === 'ec' && curve === 'secp384r1') return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
  if (type === 'ec' && curve === 'prime256v1') return P256
  throw new Error(
    `a CA key of type ${type ?? 'unknown'} ${curve ?? ''} cannot sign here: use RSA, P-256 or P-384`,
  )
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return x509.PemConverter.encode(der, 'PRIVATE KEY') + '\n'
}
