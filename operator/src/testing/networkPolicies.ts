/**
 * What NetworkPolicies mean (kubernetes.io/docs/concepts/services-networking/network-policies): which connections they
 * let through. Written from the documentation as an oracle for tests and for the enforcer of the local cluster. Not
 * shown here: SCTP, pods of the node's network, and connections of a node to its own pods, which are always let through.
 */
import { BlockList, isIPv6 } from 'node:net'
import type {
  NetworkPolicyManifest,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../components/parts/manifests.ts'
import type { V1LabelSelector } from '@kubernetes/client-node'
import type { Raw } from '../components/parts/manifests.ts'

export type Labels = Readonly<Record<string, string>>
export type Protocol = 'TCP' | 'UDP'
export type Direction = 'Ingress' | 'Egress'

/** A pod, or with nothing but an address, somebody outside the cluster. */
export interface Endpoint {
  readonly address: string
  readonly pod?: {
    readonly namespace: string
    readonly labels: Labels
    /** Name of a container's port → what it is. */
    readonly ports?: Readonly<Record<string, { readonly port: number; readonly protocol: Protocol }>>
  }
}

/** What policies are judged in: themselves, and the labels of every namespace. */
export interface World {
  readonly policies: readonly NetworkPolicyManifest[]
  readonly namespaces: Readonly<Record<string, Labels>>
}

export interface Connection {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly port: number
  readonly protocol?: Protocol
}

/** One thing that a policy lets through; without peers whoever, without ports whatever. */
export interface Allowance {
  readonly peers?: readonly NetworkPolicyPeer[]
  readonly ports?: readonly NetworkPolicyPort[]
  /** Of the policy: pod selectors without a namespace selector mean its pods. */
  readonly namespace: string
}

/** Let through means: by the egress side and by the ingress side. */
export function allows(world: World, connection: Connection): boolean {
  const { from, to } = connection
  return passes(world, 'Egress', from, to, connection) && passes(world, 'Ingress', to, from, connection)
}

/** @param subject whose policies are asked @param peer who is at the other end */
function passes(
  world: World,
  direction: Direction,
  subject: Endpoint,
  peer: Endpoint,
  { to, port, protocol = 'TCP' }: Connection,
): boolean {
  const allowances = allowancesFor(world, direction, subject)
  if (!allowances) return true
  return allowances.some(
    ({ peers, ports, namespace }) =>
      (!peers || peers.some((one) => matchesPeer(world, one, peer, namespace))) &&
      (!ports || ports.some((one) => matchesPort(one, to, port, protocol))),
  )
}

/** Everything that is let through for one pod in one direction; `undefined` when no policy selects it. */
export function allowancesFor(
  { policies }: World,
  direction: Direction,
  { pod }: Endpoint,
): readonly Allowance[] | undefined {
  if (!pod) return undefined
  const mine = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      selects(spec.podSelector, pod.labels) &&
      typesOf(spec).includes(direction),
  )
  if (mine.length === 0) return undefined
  return mine.flatMap(({ metadata, spec }) =>
    (direction === 'Ingress' ? (spec.ingress ?? []) : (spec.egress ?? [])).map((rule): Allowance => {
      const peers = 'from' in rule ? rule.from : 'to' in rule ? rule.to : undefined
      return {
        namespace: metadata.namespace ?? '',
        // Present but empty is the same as absent: everybody.
        ...(peers && peers.length > 0 && { peers }),
        ...(rule.ports && rule.ports.length > 0 && { ports: rule.ports }),
      }
    }),
  )
}

/** Left out, `policyTypes` is Ingress, and Egress when there is an egress section. */
function typesOf({ policyTypes, egress }: NetworkPolicyManifest['spec']): readonly string[] {
  return policyTypes ?? (egress ? ['Ingress', 'Egress'] : ['Ingress'])
}

export function matchesPeer(
  { namespaces }: Pick<World, 'namespaces'>,
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer,
  { address, pod }: Endpoint,
  namespace: string,
): boolean {
  if (ipBlock)
    return inRange(address, ipBlock.cidr) && !(ipBlock.except ?? []).some((range) => inRange(address, range))
  // Selectors select pods; whoever is outside the cluster is none, whatever they say.
  if (!pod) return false
  const inNamespace = namespaceSelector
    ? selects(namespaceSelector, namespaces[pod.namespace] ?? {})
    : pod.namespace === namespace
  return inNamespace && (!podSelector || selects(podSelector, pod.labels))
}

function matchesPort(
  { protocol = 'TCP', port: wanted, endPort }: NetworkPolicyPort,
  to: Endpoint,
  port: number,
  spoken: Protocol,
): boolean {
  if (protocol !== spoken) return false
  if (wanted === undefined) return true
  const first = portNumber(wanted, to, spoken)
  return first !== undefined && port >= first && port <= (endPort ?? first)
}

/** A named port is whatever the pod that is connected to calls so. */
export function portNumber(port: number | string, { pod }: Endpoint, protocol: Protocol): number | undefined {
  if (typeof port === 'number') return port
  const named = pod?.ports?.[port]
  return named?.protocol === protocol ? named.port : undefined
}

/** An empty selector selects everything. */
export function selects(selector: Raw<V1LabelSelector> | undefined, labels: Labels): boolean {
  const exact = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return (
    exact &&
    (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
        default:
          throw new Error(`a label selector knows no operator ${operator}`)
      }
    })
  )
}

export function inRange(address: string, cidr: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/')
  if (isIPv6(address) !== isIPv6(network)) return false
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(network, Number(prefix), family)
  return list.check(address, family)
}
