/** What we call ourselves to a server: a name, since relays refuse an address that is not ours (RFC 5321 §4.1.1.1). */
import { hostname } from 'node:os'
import { domainToASCII } from 'node:url'

/** Asked once: it is a call of the system. */
const HOST = hostname()

/** @param sender an address; its domain is a name of ours, where the host's own has no dot. */
export function ehloNameOf(sender: string, host = HOST): string {
  const domain = domainToASCII(sender.slice(sender.lastIndexOf('@') + 1))
  if (sender.includes('@') && domain.includes('.')) return domain
  return host.includes('.') ? host : `${host === '' ? 'localhost' : host}.localdomain`
}
