/** Keeps a spec from sending the operator to places that only the operator can reach. */
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { BlockList, isIP } from 'node:net'
import type { Lookup } from './lookup.ts'
import { boundedLookup } from './lookup.ts'

const FORBIDDEN = new BlockList()
FORBIDDEN.addSubnet('127.0.0.0', 8, 'ipv4')
FORBIDDEN.addSubnet('0.0.0.0', 8, 'ipv4')
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4')
FORBIDDEN.addAddress('::1', 'ipv6')
FORBIDDEN.addAddress('::', 'ipv6')
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6')
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6')

export interface DialGuardOptions {
  /** More addresses that are nobody's business, such as the API server's and the operator's own. */
  readonly forbiddenHosts: readonly string[]
  /** Its Services are for nobody but BatchSenders in it. */
  readonly operatorNamespace: string
  readonly clusterDomain: string
  /** For tests, whose servers listen on the loopback interface. */
  readonly allowLoopback?: boolean
  /** Unset: the system's resolver. */
  readonly resolve?: Lookup
}

export interface DialGuard {
  /**
   * Rejects with the host at fault.
   *
   * @param namespace of the BatchSender that names the servers
   */
  check(servers: readonly string[], namespace: string): Promise<void>
  /**
   * Where a server is, for a client that would ask for its name once more and might be led elsewhere then.
   *
   * @returns at least one address. Rejects as `check` does.
   */
  addressesOf(server: string, namespace: string): Promise<readonly string[]>
  /** For a socket: a name that led elsewhere when it was checked is refused all the same. */
  readonly lookup: LookupFunction
}

export function dialGuard(options: DialGuardOptions): DialGuard {
  const isForbidden = forbids(options)
  const resolve = options.resolve ?? boundedLookup()
  const allowed = async (host: string): Promise<LookupAddress[]> => {
    const addresses = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }]
    if (addresses.some(({ address }) => isForbidden(address))) throw refusal(host)
    return addresses
  }
  const addressesOf = async (server: string, namespace: string): Promise<readonly string[]> => {
    const host = hostOf(server)
    if (namespace !== options.operatorNamespace && isInside(host, options)) throw refusal(host)
    return (await allowed(host)).map(({ address }) => address)
  }
  return {
    addressesOf,
    check: async (servers, namespace) => {
      for (const server of servers) await addressesOf(server, namespace)
    },
    lookup: (host, { all }, callback) => {
      allowed(host).then(
        (addresses) => {
          const [first] = addresses
          if (all) callback(null, addresses)
          else callback(null, first?.address ?? '', first?.family)
        },
        (error: unknown) => {
          callback(error as NodeJS.ErrnoException, [])
        },
      )
    },
  }
}

function forbids({ forbiddenHosts, allowLoopback = false }: DialGuardOptions) {
  return (address: string): boolean => {
    if (forbiddenHosts.includes(address)) return true
    if (allowLoopback && (address.startsWith('127.') || address === '::1')) return false
    return FORBIDDEN.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
}

/** `metrics.system`, `metrics.system.svc` and `metrics.system.svc.cluster.local` name a Service of `system`. */
function isInside(host: string, { operatorNamespace, clusterDomain }: DialGuardOptions): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return ['', '.svc', `.svc.${clusterDomain}`].some((suffix) =>
    name.endsWith(`.${operatorNamespace}${suffix}`),
  )
}

/** A name, or an address without brackets. */
export const hostOf = (server: string): string => new URL(server).hostname.replace(/^\[|\]$/g, '')

const refusal = (host: string) => new Error(`${host} is an address that the operator does not dial`)
