/** Certificates as users bring them: any key, any chain, any extension; for tests. */
import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as never)

const DAY_MS = 86_400_000

export const ALGORITHMS = {
  ed25519: { name: 'Ed25519' },
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  p521: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  rsa: rsa(2_048),
  rsa1024: rsa(1_024),
} as const

function rsa(modulusLength: number) {
  return {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
}

export interface Authority {
  /** PEM, with line feeds as OpenSSL writes them. */
  readonly certificate: string
  readonly key: string
  readonly signing: { readonly certificate: x509.X509Certificate; readonly keys: webcrypto.CryptoKeyPair }
}

export async function authority(
  name: string,
  algorithm: keyof typeof ALGORITHMS = 'p256',
  {
    by,
    usages,
    endsAt = new Date(Date.now() + 365 * DAY_MS),
  }: { readonly by?: Authority; readonly usages?: readonly string[]; readonly endsAt?: Date } = {},
): Promise<Authority> {
  const wanted = ALGORITHMS[algorithm]
  const keys = (await webcrypto.subtle.generateKey(wanted, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const signer = by?.signing.keys ?? keys
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [name] }],
    issuer: by ? by.signing.certificate.subjectName : [{ CN: [name] }],
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: endsAt,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: by ? by.signing.keys.privateKey.algorithm : wanted,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(by ? [await x509.AuthorityKeyIdentifierExtension.create(by.signing.keys.publicKey)] : []),
      ...(usages ? [new x509.ExtendedKeyUsageExtension([...usages])] : []),
    ],
  })
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    signing: { certificate, keys },
  }
}

/** A leaf that somebody made up: whatever names, whatever serial, a key of its own. In PEM. */
export async function forgedLeaf(
  { certificate, signing }: Authority,
  serialNumber: string,
  dnsNames: readonly string[],
): Promise<{ readonly certificate: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHMS.p256, true, ['sign', 'verify'])
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: [{ CN: ['forged'] }],
    issuer: new x509.X509Certificate(certificate).subjectName,
    notBefore: new Date(Date.now() - DAY_MS / 2),
    notAfter: new Date(Date.now() + DAY_MS),
    publicKey: keys.publicKey,
    signingKey: signing.keys.privateKey,
    signingAlgorithm: signing.keys.privateKey.algorithm,
    extensions: [
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
      new x509.SubjectAlternativeNameExtension(
        dnsNames.map((value) => ({ type: 'dns' as const, value })),
        false,
      ),
    ],
  })
  return {
    certificate: `${leaf.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
