/** Who is at the other end of a connection, as NetworkPolicies name it. */
import type { EgressRule, NetworkPolicyPeer, NetworkPolicyPort } from '../parts/manifests.ts'
import type { Destination, Peer } from '../../../../crds/schema/network.ts'
import type { Installation, Sender } from '../snapshot.ts'
import type { Address } from '../parts/addresses.ts'
import { selectorLabels } from '../parts/labels.ts'
import { OPERATOR } from '../../vocabulary/labels.ts'
import { NAMESPACE_NAME } from './selectors.ts'

/**
 * Every address but private, shared (100.64.0.0/10, where some clouds have their metadata), link-local and loopback
 * ones, and the one of Azure's host (168.63.129.16), which hands out secrets of the node. NetworkPolicies know no names, so whoever is outside the cluster is told by ports and ranges.
 */
export const PUBLIC_RANGES: readonly NetworkPolicyPeer[] = [
  {
    ipBlock: {
      cidr: '0.0.0.0/0',
      except: [
        '10.0.0.0/8',
        '100.64.0.0/10',
        '127.0.0.0/8',
        '168.63.129.16/32',
        '169.254.0.0/16',
        '172.16.0.0/12',
        '192.168.0.0/16',
      ],
    },
  },
  { ipBlock: { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10'] } },
]

/** Pods of one component of this BatchSender. */
export function podsOf(sender: Sender, part: string): NetworkPolicyPeer {
  return { podSelector: { matchLabels: selectorLabels(sender, part) } }
}

/** Both in one item: pods of that name in that namespace, not either of them. */
export function operatorPods({ operatorNamespace }: Installation): NetworkPolicyPeer {
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: operatorNamespace } },
    podSelector: { matchLabels: { 'app.kubernetes.io/name': OPERATOR } },
  }
}

export const CLUSTER_DNS: NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
}

/** What may be reached at one destination: one rule for each address, or what `spec.network` says instead. */
export function egressTo(
  sender: Sender,
  installation: Installation,
  destination: Destination,
  addresses: readonly Address[],
): readonly EgressRule[] {
  const { network } = sender.spec
  const named = network?.egress?.[destination]
  const ports = network?.ports?.[destination]
  if (addresses.length === 0 || named?.length === 0) return []
  if (named) return [{ to: named, ports: tcp(ports ?? addresses.map(({ port }) => port)) }]
  return distinct(
    addresses.map(({ host, port }) => ({
      to: peersAt(host, sender, installation),
      ports: tcp(ports ?? [port]),
    })),
  )
}

/** A Service opens its namespace: which pods are behind it only its selector knows. */
function peersAt(
  host: string | undefined,
  sender: Sender,
  { clusterDomain }: Installation,
): readonly NetworkPolicyPeer[] {
  if (host === undefined) return PUBLIC_RANGES
  const cidr = hostCidr(host)
  if (cidr !== undefined) return [{ ipBlock: { cidr } }]
  const namespace = serviceNamespace(host, sender.namespace, clusterDomain)
  if (namespace === undefined) return PUBLIC_RANGES
  return [{ namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } } }]
}

function hostCidr(host: string): string | undefined {
  if (IPV4.test(host)) return `${host}/32`
  if (!host.includes(':')) return undefined
  // A NetworkPolicy takes the IPv4 address alone for one that is written as IPv6.
  const mapped = MAPPED.exec(new URL(`http://[${host}]`).hostname)?.slice(1)
  if (!mapped) return `${host}/128`
  const bytes = mapped.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
  return `${bytes.join('.')}/32`
}

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/
const MAPPED = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/

/** `clickhouse`, `clickhouse.mail.svc` and, with pods of a StatefulSet, `x-0.x.mail.svc.cluster.local`. */
function serviceNamespace(host: string, own: string, clusterDomain: string): string | undefined {
  const name = host.replace(/\.$/, '')
  if (!name.includes('.')) return own
  const suffix = ['.svc', `.svc.${clusterDomain}`].find((one) => name.endsWith(one))
  return suffix === undefined ? undefined : name.slice(0, -suffix.length).split('.').at(-1)
}

export function tcp(ports: readonly number[]): NetworkPolicyPort[] {
  return [...new Set(ports)].map((port) => ({ protocol: 'TCP', port }))
}

/** From peers that may be none: no rule then, since an empty list of peers would admit everybody. */
export function ingressFrom(peers: readonly (NetworkPolicyPeer | Peer)[], ports: readonly number[]) {
  return peers.length === 0 ? [] : [{ from: peers, ports: tcp(ports) }]
}

export function distinct(rules: readonly EgressRule[]): readonly EgressRule[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()]
}
