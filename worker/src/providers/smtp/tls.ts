/** How TLS is spoken to a server: whose certificates are trusted, and by which name it is asked for. */
import type { ConnectionOptions } from 'node:tls'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { linedPem } from '../../../../crds/pem.ts'
import type { SmtpOptions } from './options.ts'

/** RFC 8314 §3.3. */
const IMPLICIT_PORT = 465

export const isTlsFromTheStart = ({ port }: Pick<SmtpOptions, 'port'>): boolean => port === IMPLICIT_PORT

/** Made once for all connections: reading authorities takes time. */
export function tlsOptions({ host, tls, ca }: Pick<SmtpOptions, 'host' | 'tls' | 'ca'>): ConnectionOptions {
  const name = host.replace(/\.$/, '')
  return {
    host: name,
    ...(isIP(name) === 0 && { servername: name }),
    ...(tls === 'Opportunistic' && { rejectUnauthorized: false }),
    ...(tls === 'Required' &&
      ca !== undefined && { secureContext: createSecureContext({ ca: linedPem(ca) }) }),
  }
}
