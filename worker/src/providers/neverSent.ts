/** Whether a failed HTTP request failed before anything of it could be written. */

const CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Node's codes of a certificate that was not accepted, and of a handshake that failed. */
const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH)/

/** The AWS SDK gives a connection that was not made in time no code of its own. */
const CONNECT_TIMEOUT = 'did not establish a connection'

export function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && (CODES.has(code) || TLS.test(code))) return true
  if (error.name === 'CredentialsProviderError' || error.message.includes(CONNECT_TIMEOUT)) return true
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverSent)
  return error.cause === undefined ? false : neverSent(error.cause)
}
