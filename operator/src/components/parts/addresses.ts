/** Where something is, as a spec names it. */

/** One end of a connection. @property host absent where it is not known: it may be anywhere */
export interface Address {
  readonly host?: string
  readonly port: number
}

export const HTTPS_PORT = 443
const HTTP_PORT = 80

/** `https://clickhouse.mail.svc:8443` → host and port. */
export function addressOf(url: string, standardPort: number): Address {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standardPort : Number(port) }
}

export function webAddresses(url: string | undefined): readonly Address[] {
  return url === undefined ? [] : [addressOf(url, url.startsWith('https:') ? HTTPS_PORT : HTTP_PORT)]
}
