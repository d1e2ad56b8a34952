/** What makes a certificate one that SNS signs with. */
import { X509Certificate } from 'node:crypto'
import type { SigningKey } from './signingKeys.ts'

/** Who issued the certificates of SNS so far. */
const ISSUERS = /^O=(Amazon|DigiCert Inc)$/m
const SUBJECT = /^CN=sns\.([a-z0-9-]+\.)?amazonaws\.com(\.cn)?$/m

/** @throws Error that says what is wrong with it. */
export function parseSigningCertificate(pem: string, now: Date): SigningKey {
  const certificate = new X509Certificate(pem)
  const { validFromDate, validToDate, issuer, subject, publicKey } = certificate
  if (now < validFromDate || now > validToDate) throw new Error('the certificate is not valid now')
  if (!ISSUERS.test(issuer)) throw new Error('the certificate has an unexpected issuer')
  if (!SUBJECT.test(subject)) throw new Error('the certificate has an unexpected subject')
  if (publicKey.asymmetricKeyType !== 'rsa') throw new Error('the certificate has no RSA key')
  return { key: publicKey, expiresAt: validToDate }
}
