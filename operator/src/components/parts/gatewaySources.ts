/** Where the requests of the gateway come from: who has to be let in, and whose X-Forwarded-For is believed. */
import type { Peer } from '../../../../crds/schema/network.ts'
import type { Sender } from '../snapshot.ts'

/**
 * Pods where they are named. Their addresses open nothing then: a range of addresses may be that of every pod of the
 * cluster, and some plugins judge pods by it.
 */
export function gatewayPeers({ spec }: Sender): readonly Peer[] {
  if (!spec.gateway) return []
  const { pods, addresses = [] } = spec.gateway.from
  return pods ?? addresses.map((cidr) => ({ ipBlock: { cidr } }))
}

export function gatewayAddresses({ spec }: Sender): readonly string[] {
  return spec.gateway?.from.addresses ?? []
}
