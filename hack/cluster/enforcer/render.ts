/** NetworkPolicies as ipset and iptables know them. Pure: the same pods and policies give the same text. */
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type {
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../../operator/src/components/parts/manifests.ts'
import {
  allowancesFor,
  matchesPeer,
  portNumber,
  type Allowance,
  type Direction,
  type Endpoint,
  type Protocol,
  type World,
} from '../../../operator/src/testing/networkPolicies.ts'

/** A pod with an address of its own, known by `namespace/name`. */
export interface Pod extends Endpoint {
  readonly key: string
  readonly pod: NonNullable<Endpoint['pod']>
}

/** One chain: what is let through returns to the chain that asked, the rest is dropped. */
export interface Chain {
  readonly name: string
  readonly direction: Direction
  readonly address: string
  readonly rules: readonly string[]
}

export interface Rendered {
  /** Name, made from the entries, → entries of a hash:net set. */
  readonly sets: ReadonlyMap<string, readonly string[]>
  readonly chains: readonly Chain[]
}

export const PREFIX = 'BSNP'

export function render(world: World, pods: readonly Pod[]): Rendered {
  const sets = new Map<string, readonly string[]>()
  const chains = pods.flatMap((pod) =>
    (['Egress', 'Ingress'] as const).flatMap((direction): Chain[] => {
      const allowances = allowancesFor(world, direction, pod)
      if (!allowances) return []
      const matches = allowances.flatMap((allowance) =>
        direction === 'Ingress'
          ? ingressMatches(allowance, pod, world, pods)
          : egressMatches(allowance, world, pods),
      )
      const rules = matches.map(({ entries, port }) => {
        const side = direction === 'Ingress' ? 'src' : 'dst'
        const set = entries && `-m set --match-set ${setFor(entries, sets)} ${side} `
        return `${port}${set ?? ''}-j RETURN`
      })
      const name = `${PREFIX}-${direction.charAt(0)}-${digest(pod.key)}`
      return [{ name, direction, address: pod.address, rules: [...new Set(rules), '-j DROP'] }]
    }),
  )
  return { sets, chains }
}

interface Match {
  /** Entries of a set; absent where it is all the same who. */
  readonly entries?: readonly string[]
  /** The part of a rule that is about protocol and port; may be empty. */
  readonly port: string
}

function ingressMatches(allowance: Allowance, pod: Pod, world: World, pods: readonly Pod[]): Match[] {
  const ports = allowance.ports?.flatMap((port) => portMatch(port, pod)) ?? ['']
  return combine(peerEntries(allowance, world, pods), ports)
}

/** A named port is another number on each pod that is connected to. */
function egressMatches(allowance: Allowance, world: World, pods: readonly Pod[]): Match[] {
  const { ports } = allowance
  const named = ports?.filter(({ port }) => typeof port === 'string') ?? []
  const numbered = ports?.filter(({ port }) => typeof port !== 'string')
  const plain = numbered?.flatMap((port) => portMatch(port, undefined)) ?? ['']
  const targets = pods.filter(
    (pod) => allowance.peers?.some((peer) => matchesPeer(world, peer, pod, allowance.namespace)) ?? true,
  )
  return [
    ...combine(peerEntries(allowance, world, pods), plain),
    ...named.flatMap((port) =>
      targets.flatMap((pod) => combine([[`${pod.address}/32`]], portMatch(port, pod))),
    ),
  ]
}

/** `[undefined]` for whoever; otherwise the sets of entries of which one must fit. */
function peerEntries(
  { peers, namespace }: Allowance,
  world: World,
  pods: readonly Pod[],
): (readonly string[] | undefined)[] {
  if (!peers) return [undefined]
  const selected = peers
    .filter(({ ipBlock }) => !ipBlock)
    .flatMap((peer) => pods.filter((pod) => matchesPeer(world, peer, pod, namespace)))
    .map(({ address }) => `${address}/32`)
  // An exception belongs to its own block alone, so each has a set of its own.
  const blocks = peers.flatMap(({ ipBlock }) => (ipBlock ? [blockEntries(ipBlock)] : []))
  return [[...new Set(selected)].sort(), ...blocks].filter(({ length }) => length > 0)
}

/** The cluster has no IPv6. A set takes no 0.0.0.0/0, but its halves. */
function blockEntries({ cidr, except = [] }: NonNullable<NetworkPolicyPeer['ipBlock']>): string[] {
  if (isIPv6(cidr.split('/')[0] ?? '')) return []
  const halves = (range: string) => (range.endsWith('/0') ? ['0.0.0.0/1', '128.0.0.0/1'] : [range])
  return [...halves(cidr), ...except.flatMap(halves).map((range) => `${range} nomatch`)]
}

/** @param pod whose names of ports count; without one, names mean nothing */
function portMatch({ protocol, port, endPort }: NetworkPolicyPort, pod: Pod | undefined): string[] {
  const spoken: Protocol = protocol === 'UDP' ? 'UDP' : 'TCP'
  const flag = `-p ${spoken.toLowerCase()} `
  if (port === undefined) return [flag]
  const number = pod ? portNumber(port, pod, spoken) : port
  if (number === undefined) return []
  return [`${flag}--dport ${number}${endPort === undefined ? '' : `:${endPort}`} `]
}

function combine(entries: readonly (readonly string[] | undefined)[], ports: readonly string[]): Match[] {
  return entries.flatMap((one) => ports.map((port) => ({ port, ...(one && { entries: one }) })))
}

function setFor(entries: readonly string[], sets: Map<string, readonly string[]>): string {
  const name = `${PREFIX}-${digest(entries.join('\n'))}`
  sets.set(name, entries)
  return name
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** For `ipset restore -exist`: names are made from the entries, so what is there already is right. */
export function ipsetScript({ sets }: Rendered, known: ReadonlySet<string>): string {
  const lines = [...sets]
    .filter(([name]) => !known.has(name))
    .flatMap(([name, entries]) => [
      `create ${name} hash:net family inet`,
      ...entries.map((entry) => `add ${name} ${entry}`),
    ])
  return lines.map((line) => `${line}\n`).join('')
}

/**
 * For `iptables-restore --noflush`: one transaction. What answers goes through, as does a node's own traffic to its pods,
 * which never comes this way. What pods send to the node, the API server first of all, passes INPUT.
 * @param stale chains that are there and not wanted any more
 */
export function iptablesScript({ chains }: Rendered, stale: readonly string[]): string {
  const jumps = (direction: Direction) =>
    chains
      .filter((chain) => chain.direction === direction)
      .map(({ name, address }) => `${direction === 'Egress' ? '-s' : '-d'} ${address}/32 -j ${name}`)
  const answers = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN'
  const lines = [
    '*filter',
    ...[PREFIX, `${PREFIX}-IN`, ...chains.map(({ name }) => name), ...stale].map(
      (name) => `:${name} - [0:0]`,
    ),
    ...[answers, ...jumps('Egress'), ...jumps('Ingress')].map((rule) => `-A ${PREFIX} ${rule}`),
    ...[answers, ...jumps('Egress')].map((rule) => `-A ${PREFIX}-IN ${rule}`),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`)),
    ...stale.map((name) => `-X ${name}`),
    'COMMIT',
  ]
  return lines.map((line) => `${line}\n`).join('')
}
