/** Keeps a spec from sending the operator to places that only the operator can reach. */
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { BlockList, isIP } from 'node:net'
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
}

export interface DialGuard {
  /**
   * Rejects with the host at fault.
   *
   * @param namespace of the BatchSender that names the servers
   */
  check(servers: readonly string[], namespace: string): Promise<void>
  /** For a socket: a name that led elsewhere when it was checked is refused all the same. */
  readonly lookup: LookupFunction
}

export function dialGuard(options: DialGuardOptions): DialGuard {
  const isForbidden = forbids(options)
  const resolve = boundedLookup()
  const addressesOf = async (host: string): Promise<LookupAddress[]> => {
    const addresses = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }]
    if (addresses.some(({ address }) => isForbidden(address))) throw refusal(host)
    return addresses
  }
  return {
    check: async (servers, namespace) => {
      for (const server of servers) {
        const host = new URL(server).hostname.replace(/^\[|\]$/g, '')
        if (namespace !== options.operatorNamespace && isInside(host, options)) throw refusal(host)
        await addressesOf(host)
      }
    },
    lookup: (host, { all }, callback) => {
      addressesOf(host).then(
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

const refusal = (host: string) => new Error(`${host} is an address that the operator does not dial`)
