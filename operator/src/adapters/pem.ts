/**
 * PEM as people and tools write it: key and certificates in one text, parameters before the key, blanks at the ends of
 * lines, CRLF, blocks joined without a line feed. What is wanted is taken out of it, and nothing else (RFC 7468).
 */
import { X509Certificate } from 'node:crypto'

/** Every certificate that can be read, in the order of the text. */
export function certificatesIn(pem: string | undefined): X509Certificate[] {
  return blocksOf(pem, 'CERTIFICATE').flatMap((der) => {
    try {
      return new X509Certificate(der)
    } catch {
      return []
    }
  })
}

/** @returns a text that every reader of PEM takes; empty for none */
export function pemOf(certificates: readonly { readonly raw: Uint8Array }[]): string {
  return certificates.map(({ raw }) => block('CERTIFICATE', Buffer.from(raw))).join('')
}

/** Whether the text is those certificates as `pemOf` writes them, apart from blanks around it. */
export function isPlain(pem: string, certificates: readonly X509Certificate[]): boolean {
  return `${pem.trim()}\n` === pemOf(certificates)
}

/** The first private key, without a password, as PEM of its own; `undefined` when there is none. */
export function privateKeyIn(pem: string | undefined): string | undefined {
  for (const label of ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY']) {
    const [der] = blocksOf(pem, label)
    if (der) return block(label, der)
  }
  return undefined
}

function blocksOf(pem: string | undefined, label: string): Buffer[] {
  const blocks = pem?.matchAll(new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`, 'g')) ?? []
  // Headers, as of keys under a password, have no place in base64.
  return [...blocks]
    .map(([, body = '']) => body.replace(/\s/g, ''))
    .filter((body) => /^[A-Za-z0-9+/]+=*$/.test(body))
    .map((body) => Buffer.from(body, 'base64'))
}

function block(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
