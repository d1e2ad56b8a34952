/** Makes certificate authorities and signs leaves: ECDSA P-256, random 128-bit serials, a little backdated. */
import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { certificatesIn, pemOf, privateKeyIn } from './pem.ts'
import { anchorsOf, chainOf, signingAlgorithm, unique } from './trust.ts'
import type { CaRequest, LeafRequest as OperatorLeafRequest } from '../components/wishes/certificate.ts'
import { BACKDATED_MS } from '../vocabulary/backdating.ts'

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
const USAGE = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const

/** @param key of an earlier CA, in PEM: a renewal with the same key breaks no trust. */
export async function makeCa(request: CaRequest, now: Date, key?: string): Promise<KeyPair> {
  const keys = key === undefined ? await newKeys() : await importKeys(key)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [request.commonName] }],
    notBefore: new Date(now.getTime() - BACKDATED_MS),
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

/**
 * The leaf ends with its CA at the latest.
 * @param trusted what is trusted beside the CA and its roots, in PEM
 */
export async function makeLeaf(
  request: LeafRequest,
  issuer: Issuer,
  now: Date,
  trusted = '',
): Promise<KeyPair> {
  const [first] = certificatesIn(issuer.certificate)
  if (!first) throw new Error('the CA has no certificate that can be read')
  const ca = new x509.X509Certificate(first.raw)
  const signingKey = await importSigningKey(issuer.key)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: [
      ...(request.organizations ?? []).map((name) => ({ O: [name] })),
      { CN: [request.commonName.slice(0, 64)] },
    ],
    issuer: ca.subjectName,
    notBefore: new Date(Math.max(now.getTime() - BACKDATED_MS, ca.notBefore.getTime())),
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
  return {
    'tls.crt': pemOf([{ raw: new Uint8Array(certificate.rawData) }, ...chainOf(issuer.certificate)]),
    'tls.key': await exportKey(keys.privateKey),
    'ca.crt': trustOf(issuer, now, trusted),
  }
}

/** What whoever has a certificate of this CA trusts. @param also in PEM; what has ended is left out of it */
export function trustOf({ certificate, roots }: Issuer, now: Date, also = ''): string {
  const others = certificatesIn(also).filter(({ validTo }) => new Date(validTo) > now)
  return pemOf(unique([...anchorsOf(certificate, roots), ...others]))
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

/** A CA of the user's may have any of the usual keys. @throws Error for another, of which the plan knows beforehand */
async function importSigningKey(pem: string) {
  const key = createPrivateKey(privateKeyIn(pem) ?? '')
  const algorithm = signingAlgorithm(key)
  if (!algorithm) throw new Error(`a CA key of type ${key.asymmetricKeyType ?? 'unknown'} cannot sign here`)
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return { algorithm, key: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) }
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return x509.PemConverter.encode(der, 'PRIVATE KEY') + '\n'
}
