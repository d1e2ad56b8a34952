/** Keeps a spec from sending the operator to places that only the operator can reach. */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

const FORBIDDEN = new BlockList()
FORBIDDEN.addSubnet('127.0.0.0', 8, 'ipv4')
FORBIDDEN.addSubnet('0.0.0.0', 8, 'ipv4')
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4')
FORBIDDEN.addAddress('::1', 'ipv6')
FORBIDDEN.addAddress('::', 'ipv6')
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6')
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6')

export interface DialGuardOptions {
  /** More addresses that are nobody's business, such as the API server's. */
  readonly forbiddenHosts: readonly string[]
  /** For tests, whose servers listen on the loopback interface. */
  readonly allowLoopback?: boolean
}

/** @returns a check that rejects with the address at fault. */
export function dialGuard({ forbiddenHosts, allowLoopback = false }: DialGuardOptions) {
  return async (servers: readonly string[]): Promise<void> => {
    for (const server of servers) {
      const { hostname } = new URL(server)
      const host = hostname.replace(/^\[|\]$/g, '')
      const addresses =
        isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host]
      for (const address of addresses) {
        const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
        const loopback = allowLoopback && (address.startsWith('127.') || address === '::1')
        if (forbiddenHosts.includes(address) || (!loopback && FORBIDDEN.check(address, family)))
          throw new Error(`${host} is an address that the operator does not dial`)
      }
    }
  }
}
