/**
 * Whether a policy selects a pod, and whether its rules admit one: as far as can be told from labels and the name of a
 * namespace. What depends on anything else is `unsure`. Pure.
 */
import type { NetworkPolicyPeer, NetworkPolicyPort, Raw } from '../parts/manifests.ts'
import type { Peer } from '../../../../crds/schema/network.ts'
import type { V1LabelSelector } from '@kubernetes/client-node'

export type Answer = 'yes' | 'no' | 'unsure'

export interface PodIdentity {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/** One direction of a rule: who, and on which ports. */
export interface Way {
  readonly peers?: readonly (NetworkPolicyPeer | Peer)[] | undefined
  readonly ports?: readonly NetworkPolicyPort[] | undefined
}

type Selector = Raw<V1LabelSelector>

/** A label that every namespace has, with its name. */
export const NAMESPACE_NAME = 'kubernetes.io/metadata.name'

/** An empty selector selects everything. */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      const isAmong = value !== undefined && values.includes(value)
      return operator === 'In' ? isAmong : !isAmong
    })
  )
}

/** Whether one of the ways leads to, or from, the pod on a TCP port. @param from namespace of the policy. */
export function admits(ways: readonly Way[], pod: PodIdentity, port: number, from: string): Answer {
  return best(
    ways
      .filter(({ ports }) => names(ports, port))
      .flatMap(({ peers }) =>
        peers && peers.length > 0 ? peers.map((peer) => isPeer(peer, pod, from)) : ['yes'],
      ),
  )
}

/** Whether one of the ways may lead to something that is no pod, or whose address is not known, on one of the ports. */
export function mayLeadOut(ways: readonly Way[], ports: readonly number[], onlyAddresses: boolean): boolean {
  return ways.some(
    (way) =>
      ports.some((port) => names(way.ports, port)) &&
      (!onlyAddresses || !way.peers || way.peers.length === 0 || way.peers.some(({ ipBlock }) => ipBlock)),
  )
}

function names(ports: readonly NetworkPolicyPort[] | undefined, port: number): boolean {
  if (!ports || ports.length === 0) return true
  return ports.some(({ port: first, endPort, protocol = 'TCP' }) => {
    if (protocol !== 'TCP') return false
    // A named port may be any.
    if (typeof first !== 'number') return true
    return port >= first && port <= (endPort ?? first)
  })
}

/** @param from namespace of the policy */
export function isPeer(
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer | Peer,
  { namespace, labels }: PodIdentity,
  from: string,
): Answer {
  // Which address a pod has, and whether it is judged by it, is the plugin's business.
  if (ipBlock) return 'unsure'
  if (podSelector && !selects(podSelector, labels)) return 'no'
  if (!namespaceSelector) return namespace === from ? 'yes' : 'no'
  return isNamespace(namespaceSelector, namespace)
}

/** Only the name is known of a namespace. */
function isNamespace(selector: Selector, name: string): Answer {
  const known = { [NAMESPACE_NAME]: name }
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map(({ key }) => key),
  ]
  const byName: Selector = {
    matchLabels: Object.fromEntries(
      Object.entries(selector.matchLabels ?? {}).filter(([key]) => key === NAMESPACE_NAME),
    ),
    matchExpressions: (selector.matchExpressions ?? []).filter(({ key }) => key === NAMESPACE_NAME),
  }
  if (!selects(byName, known)) return 'no'
  return keys.every((key) => key === NAMESPACE_NAME) ? 'yes' : 'unsure'
}

export function best(answers: readonly string[]): Answer {
  if (answers.includes('yes')) return 'yes'
  return answers.includes('unsure') ? 'unsure' : 'no'
}
