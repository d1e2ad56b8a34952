/** What a CA can do here: sign with its key, and be believed by whoever trusts what stands beside it. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { createHash, createPrivateKey } from 'node:crypto'
import { certificatesIn, privateKeyIn } from './pem.ts'

/** Key algorithms that certificates can be signed with, in the words of WebCrypto. */
const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
}
const LEAST_RSA_BITS = 2_048

/** @returns `undefined` for a key that cannot sign here */
export function signingAlgorithm(key: KeyObject) {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= LEAST_RSA_BITS)
    return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const curve = key.asymmetricKeyType === 'ec' ? CURVES[namedCurve] : undefined
  return curve && { name: 'ECDSA', ...curve }
}

export function parseKey(pem: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey(privateKeyIn(pem) ?? '')
  } catch {
    return undefined
  }
}

/** The CAs that have signed themselves are the ends of chains. */
export function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
}

/** What is shown beside a leaf: the CA that signed it and those above, without the root. */
export function chainOf(issuerPem: string): X509Certificate[] {
  return certificatesIn(issuerPem).filter((certificate) => !isRoot(certificate))
}

/**
 * What everybody trusts whose certificate the CA signs: all that the user put beside it, the CA itself and those above.
 * OpenSSL looks for what is above a trusted certificate among trusted ones alone, so that none may be missing.
 */
export function anchorsOf(issuerPem: string | undefined, trustPem: string | undefined): X509Certificate[] {
  return unique([...certificatesIn(trustPem), ...certificatesIn(issuerPem)])
}

export function unique(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()]
}

/** Why certificates of this CA would not be believed or cannot be made; `undefined` when nothing is known against it. */
export function signingFault(
  issuerPem: string | undefined,
  key: KeyObject | undefined,
  trustPem: string | undefined,
): string | undefined {
  const [issuer] = certificatesIn(issuerPem)
  if (!issuer || !key) return undefined
  if (!signingAlgorithm(key))
    return `${keyName(key)} cannot sign here: use P-256, P-384, P-521 or RSA of 2048 bits`
  if (!isForTls(issuer)) return 'it may not sign certificates for servers and clients (extended key usage)'
  const end = chainEnd(issuer, [...certificatesIn(issuerPem), ...certificatesIn(trustPem)])
  return end && `it was signed by "${oneLine(end.issuer)}", whose certificate is missing: put it into ca.crt`
}

function keyName({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): string {
  const { namedCurve, modulusLength } = asymmetricKeyDetails
  const detail = namedCurve ?? (modulusLength === undefined ? undefined : `${modulusLength} bits`)
  return `a key of type ${asymmetricKeyType ?? 'unknown'}${detail === undefined ? '' : ` (${detail})`}`
}

const ANY_USE = '2.5.29.37.0'
const TLS_USES = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']

function isForTls({ keyUsage }: X509Certificate): boolean {
  // Undefined, whatever its type says, on a certificate without the extension.
  const uses = keyUsage as readonly string[] | undefined
  return uses === undefined || uses.includes(ANY_USE) || TLS_USES.every((use) => uses.includes(use))
}

/** The last certificate upwards that is no root; `undefined` when the chain ends at one. */
function chainEnd(from: X509Certificate, known: readonly X509Certificate[]): X509Certificate | undefined {
  const seen = new Set<string>()
  let last = from
  while (!isRoot(last) && !seen.has(last.fingerprint256)) {
    seen.add(last.fingerprint256)
    const above = known.find((candidate) => last.checkIssued(candidate) && last.verify(candidate.publicKey))
    if (!above) return last
    last = above
  }
  return undefined
}

const MOST_CHARACTERS = 100
const oneLine = (name: string) => name.replaceAll('\n', ', ').slice(0, MOST_CHARACTERS)

/** Enough of its SHA-256 to tell one certificate from another, hexadecimal. */
export function fingerprint({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').slice(0, 32).toLowerCase()
}

/** SHA-256 of the public key, hexadecimal. */
export function keyHash({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}
