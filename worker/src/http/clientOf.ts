/** Whom a limit by address counts: an IPv4 address, or the /64 that an IPv6 subscriber has to itself. */
import ipaddr from 'ipaddr.js'

const SUBSCRIBER_BYTES = 8

/** As people write it: a socket that takes both kinds shows IPv4 as `::ffff:192.0.2.1`. */
export function plainAddress(ip: string): string {
  return ipaddr.isValid(ip) ? ipaddr.process(ip).toString() : ip
}

export function clientOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return 'unknown'
  const address = ipaddr.process(ip)
  if (address.kind() === 'ipv4') return address.toString()
  const network = address.toByteArray().fill(0, SUBSCRIBER_BYTES)
  return `${ipaddr.fromByteArray(network).toString()}/64`
}
