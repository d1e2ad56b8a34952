/** What certificates and keys in PEM say, in the words of the Snapshot. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { CertificateFacts } from '../components/snapshot.ts'

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
  const certificate = parseCertificate(pem)
  if (!certificate) return undefined
  const issuer = certificatesIn(trustPem).find((candidate) => certificate.verify(candidate.publicKey))
  return {
    serial: certificate.serialNumber,
    subject: certificate.subject,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isCa: certificate.ca,
    dnsNames: dnsNames(certificate),
    usages: usages(certificate),
    keyHash: keyHash(certificate),
    keyMatches: keyMatches(certificate, keyPem),
    ...(issuer && { issuerKeyHash: keyHash(issuer) }),
  }
}

export function certificatesIn(pem: string | undefined): X509Certificate[] {
  const blocks = pem?.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap((block) => parseCertificate(block) ?? [])
}

function parseCertificate(pem: string | undefined): X509Certificate | undefined {
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
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

function keyMatches(certificate: X509Certificate, keyPem: string | undefined): boolean {
  if (keyPem === undefined) return false
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem))
  } catch {
    return false
  }
}

function keyHash({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}
