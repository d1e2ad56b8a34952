/** What NATS or the way to it has against us, as a status tells it. */
import { ErrorCode, NatsError } from 'nats'
import { firstLine } from '../../../crds/firstLine.ts'

/** One sentence without addresses of ours or bytes of theirs, and the same for every way of not getting through. */
export function faultOf(error: unknown): string {
  if (error instanceof NatsError) return NATS_FAULTS[error.code] ?? error.code
  if (!(error instanceof Error)) return 'unknown'
  // A system error carries a code: which of them it is changes from look to look, and a status must not.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (OF_CERTIFICATE.test(code)) return `the certificate of the server is not accepted (${code})`
  return code === '' ? firstLine(error.message) : 'no connection'
}

/** The server answered, and does not know whom it let in before. */
export function isTurnedAway(error: unknown): boolean {
  const codes: readonly string[] = [ErrorCode.AuthorizationViolation, ErrorCode.NoResponders]
  return error instanceof NatsError && codes.includes(error.code)
}

/** Node's codes for a certificate (tls.TLSSocket, and X509_V_ERR_… of OpenSSL without its beginning). */
const OF_CERTIFICATE =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH)/

const NATS_FAULTS: Readonly<Record<string, string>> = {
  [ErrorCode.ConnectionRefused]: 'no connection',
  [ErrorCode.Timeout]: 'no connection',
  [ErrorCode.NoResponders]: 'JetStream is not available',
  [ErrorCode.AuthorizationViolation]: 'the certificate is not one of a known user',
  [ErrorCode.Tls]: 'the TLS handshake failed',
}
