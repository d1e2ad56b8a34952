/** What certificates and keys in PEM say, in the words of the Snapshot. */
import type { X509Certificate } from 'node:crypto'
import type { CertificateFacts } from '../components/snapshot.ts'
import { certificatesIn, isPlain } from './pem.ts'
import { anchorsOf, fingerprint, keyHash, parseKey, signingFault } from './trust.ts'

const EXTENDED_USAGE: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
}

/**
 * @param pem `tls.crt`, of which the first certificate counts.
 * @param keyPem `tls.key`.
 * @param trustPem `ca.crt`.
 * @returns `undefined` when there is no certificate that can be read.
 */
export function certificateFacts(
  pem: string | undefined,
  keyPem: string | undefined,
  trustPem: string | undefined,
): CertificateFacts | undefined {
  const [certificate] = certificatesIn(pem)
  if (!certificate) return undefined
  const key = parseKey(keyPem)
  const trusted = trustedBy(certificate, pem, trustPem)
  const issuer = trusted.find((candidate) => certificate.verify(candidate.publicKey))
  const fault = certificate.ca ? signingFault(pem, key, trustPem) : undefined
  return {
    serial: certificate.serialNumber,
    subject: certificate.subject,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isCa: certificate.ca,
    dnsNames: dnsNames(certificate),
    usages: usages(certificate),
    keyHash: keyHash(certificate),
    keyMatches: key !== undefined && certificate.checkPrivateKey(key),
    ...(issuer && { issuerKeyHash: keyHash(issuer) }),
    trusts: trusted.map(fingerprint).sort(),
    trustedKeys: [...new Set(trusted.map(keyHash))].sort(),
    ...(fault !== undefined && { signingFault: fault }),
  }
}

/** Beside a leaf, which we wrote, nothing counts that other readers might not understand. */
function trustedBy(
  certificate: X509Certificate,
  pem: string | undefined,
  trustPem: string | undefined,
): readonly X509Certificate[] {
  if (certificate.ca) return anchorsOf(pem, trustPem)
  const trusted = certificatesIn(trustPem)
  return isPlain(trustPem ?? '', trusted) ? trusted : []
}

function dnsNames({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice(4))
}

function usages(certificate: X509Certificate): string[] {
  // The list is undefined, whatever its type says, on a certificate without the extension.
  const oids = certificate.keyUsage as readonly string[] | undefined
  return (oids ?? []).map((oid) => EXTENDED_USAGE[oid] ?? oid)
}
