/** Keeps a spec from sending the operator to places that only the operator can reach. */
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { BlockList, isIP } from 'node:net'
import type { Lookup } from './lookup.ts'
import { boundedLookup } from './lookup.ts'

const FORBIDDEN = new BlockList()
forbid(FORBIDDEN, '127.0.0.0', 8)
forbid(FORBIDDEN, '0.0.0.0', 8)
forbid(FORBIDDEN, '::1')
forbid(FORBIDDEN, '::')
forbid(FORBIDDEN, 'fe80::', 10)
// Metadata and credentials of clouds: most; Azure; Alibaba; AWS and Google over IPv6.
forbid(FORBIDDEN, '169.254.0.0', 16)
forbid(FORBIDDEN, '168.63.129.16')
forbid(FORBIDDEN, '100.100.100.200')
forbid(FORBIDDEN, 'fd00:ec2::', 32)
forbid(FORBIDDEN, 'fd20:ce::254')

export interface DialGuardOptions {
  /** More addresses and names that are nobody's business, such as the API server's and the operator's own. */
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
  const forbiddenNames = new Set(options.forbiddenHosts.map(plainName))
  const allowed = async (host: string): Promise<LookupAddress[]> => {
    if (forbiddenNames.has(plainName(host))) throw refusal(host)
    const addresses = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }]
    if (addresses.some(({ address }) => isForbidden(address))) throw refusal(host)
    return addresses
  }
  const addressesOf = async (server: string, namespace: string): Promise<readonly string[]> => {
    const host = hostOf(server)
    if (namespace !== options.operatorNamespace) {
      if (isInside(host, options)) throw refusal(host)
      if (isShort(host)) throw new Error(shortName(host, namespace))
    }
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
  const more = new BlockList()
  for (const host of forbiddenHosts) if (isIP(host) !== 0) forbid(more, host)
  return (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (more.check(address, family)) return true
    if (allowLoopback && (address.startsWith('127.') || address === '::1')) return false
    return FORBIDDEN.check(address, family)
  }
}

/** A BlockList knows IPv4 in IPv6 (`::ffff:0:0/96`) as the same address, but not that of NAT64 (RFC 6052). */
function forbid(list: BlockList, address: string, prefixLength = isIP(address) === 4 ? 32 : 128): void {
  if (isIP(address) === 6) {
    list.addSubnet(address, prefixLength, 'ipv6')
  } else {
    list.addSubnet(address, prefixLength, 'ipv4')
    list.addSubnet(`64:ff9b::${address}`, 96 + prefixLength, 'ipv6')
  }
}

/** `metrics.system`, `metrics.system.svc` and `metrics.system.svc.cluster.local` name a Service of `system`. */
function isInside(host: string, { operatorNamespace, clusterDomain }: DialGuardOptions): boolean {
  const name = plainName(host)
  return ['', '.svc', `.svc.${clusterDomain}`].some((suffix) =>
    name.endsWith(`.${operatorNamespace}${suffix}`),
  )
}

/** The operator's resolver would look for it in the operator's own namespace first. */
function isShort(host: string): boolean {
  return isIP(host) === 0 && !plainName(host).includes('.') && plainName(host) !== 'localhost'
}

const shortName = (host: string, namespace: string) =>
  `${host} has no namespace, and the operator is in another one: write ${host}.${namespace}.svc`

const plainName = (host: string) => host.toLowerCase().replace(/\.$/, '')

/** A name, or an address without brackets. */
export const hostOf = (server: string): string => new URL(server).hostname.replace(/^\[|\]$/g, '')

const refusal = (host: string) => new Error(`${host} is an address that the operator does not dial`)
