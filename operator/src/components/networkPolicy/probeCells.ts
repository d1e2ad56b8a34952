/**
 * Who is tried against whom by probe pods: every pair of which our NetworkPolicies say for certain that it must connect,
 * or must not. Derived from the very policies that are applied, so that a new rule has its cells without a hand. Pure.
 */
import type { Attempt } from '../../../../crds/probeReport.ts'
import type { JobName } from '../../../../crds/jobs/index.ts'
import type { NetworkPolicyManifest } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { JobGroup } from './jobGroups.ts'
import type { PodIdentity, Way } from './selectors.ts'
import { MOST_ATTEMPTS } from '../../../../crds/probeReport.ts'
import { childName, probeLabels, selectorLabels } from '../parts/labels.ts'
import { CLIENT_PORT, CLUSTER_PORT, MONITOR_PORT, nodeAddresses } from '../parts/natsTopology.ts'
import { natsPlacement } from '../parts/placement.ts'
import { HTTP_PORT, INTERNAL_PORT } from '../parts/ports.ts'
import { knownAddresses, OUTSIDE, waysTo } from './destinations.ts'
import { JOB_GROUPS, jobGroupsOf } from './jobGroups.ts'
import { policies } from './policies.ts'
import { admits, mayLeadOut, selects } from './selectors.ts'

/** A stranger has none of the labels that our policies ask for. */
export type Role = 'worker' | 'nats' | JobName | 'stranger'
export const ROLES: readonly Role[] = ['worker', 'nats', ...namesOf(JOB_GROUPS), 'stranger']

/** One pair to try, of one role. */
export interface Cell extends Attempt {
  readonly role: Role
  /** As a message names what is at the other end. */
  readonly to: string
  /** As policies name the port; a Service may have another. */
  readonly named: number
  /**
   * When silence says anything: `pod` when something else of the same pod answers, `reached` when another role gets
   * through, `known` always, since somebody listens there in every cluster, `never` where only an answer says something.
   */
  readonly listens: 'pod' | 'reached' | 'known' | 'never'
}

/** Roles that this BatchSender has pods of. */
export function rolesOf(sender: Sender): readonly Role[] {
  const jobs = namesOf(jobGroupsOf(sender))
  return ['worker', ...(sender.spec.nats.managed ? (['nats'] as const) : []), ...jobs, 'stranger']
}

function namesOf(groups: readonly JobGroup[]): readonly JobName[] {
  return groups.map(({ name }) => name)
}

/** Labels of the pod that plays a role: those that our policies and the user's own know the part by. */
export function roleLabels(sender: Sender, role: Role): Readonly<Record<string, string>> {
  if (role === 'stranger') return probeLabels(sender, role, {})
  const { podLabels } = role === 'nats' ? natsPlacement(sender.spec) : sender.spec.worker
  return probeLabels(sender, role, { ...podLabels, ...selectorLabels(sender, role) })
}

export function cellsOf(snapshot: Snapshot): readonly Cell[] {
  const all = policies(snapshot)
  return rolesOf(snapshot.sender).flatMap((role) =>
    [
      ...toPods(role, snapshot, all),
      ...toOutside(role, snapshot, all),
      ...toForbidden(role, snapshot, all),
    ].slice(0, MOST_ATTEMPTS),
  )
}

interface Listener {
  readonly to: string
  readonly part: 'worker' | 'nats'
  readonly host: string
  /** As dialled → as policies name it. */
  readonly ports: readonly (readonly [port: number, named: number])[]
}

function listeners({ sender, installation }: Snapshot): readonly Listener[] {
  const same = (port: number) => [port, port] as const
  const nodes = nodeAddresses(sender, installation)
  const nodePorts = [CLIENT_PORT, MONITOR_PORT, ...(nodes.length > 1 ? [CLUSTER_PORT] : [])].map(same)
  const worker = childName(sender, 'worker')
  return [
    ...nodes.map(({ node, host }) => ({ to: node, part: 'nats' as const, host, ports: nodePorts })),
    // A Service without pods would refuse everybody.
    ...(sender.spec.worker.replicas === 0
      ? []
      : [
          {
            to: worker,
            part: 'worker' as const,
            host: `${worker}.${sender.namespace}.svc.${installation.clusterDomain}`,
            ports: [[80, HTTP_PORT] as const, same(INTERNAL_PORT)],
          },
        ]),
  ]
}

/** Both ends have a say; a stranger's own end is not ours to open. */
function toPods(role: Role, snapshot: Snapshot, all: readonly NetworkPolicyManifest[]): readonly Cell[] {
  const { sender } = snapshot
  const { namespace } = sender
  const from: PodIdentity = { namespace, labels: roleLabels(sender, role) }
  const out = egressOf(role, snapshot, all)
  return listeners(snapshot).flatMap(({ to, part, host, ports }) => {
    const target: PodIdentity = { namespace, labels: selectorLabels(sender, part) }
    const into = ingressOf(target, all)
    return ports.flatMap(([port, named]): Cell[] => {
      const answers = [
        out ? admits(out, target, named, namespace) : 'yes',
        admits(into, from, named, namespace),
      ]
      if (answers.includes('no')) return [{ role, to, host, port, named, expect: 'shut', listens: 'pod' }]
      if (role === 'stranger' || answers.includes('unsure')) return []
      return [{ role, to, host, port, named, expect: 'open', listens: 'pod' }]
    })
  })
}

/** What is outside is told by its address, which no selector knows: our own rule opens it, or no rule has its port. */
function toOutside(role: Role, snapshot: Snapshot, all: readonly NetworkPolicyManifest[]): readonly Cell[] {
  const out = egressOf(role, snapshot, all)
  if (!out) return []
  const texts = new Set(out.map((way) => JSON.stringify(way)))
  return OUTSIDE.flatMap((destination) => {
    const opening = waysTo(destination, snapshot).map(({ to, ports }) => JSON.stringify({ peers: to, ports }))
    const isOpen = opening.length > 0 && opening.every((text) => texts.has(text))
    const podPorts = snapshot.sender.spec.network?.ports?.[destination] ?? []
    return knownAddresses(destination, snapshot).flatMap(({ host, port }): Cell[] => {
      const cell = { role, to: host, host, port, named: port, listens: 'reached' } as const
      if (isOpen) return [{ ...cell, expect: 'open' }]
      return mayLeadOut(out, [port, ...podPorts], false) ? [] : [{ ...cell, expect: 'shut' }]
    })
  })
}

interface Forbidden {
  readonly to: string
  readonly host: string
  readonly port: number
  /** Behind a Service. */
  readonly ports: readonly number[]
  readonly listens: 'known' | 'never'
}

/** Nobody but the operator speaks to the API server; a cloud's metadata hand out the rights of the node. */
const forbidden = ({ installation }: Snapshot): readonly Forbidden[] => [
  {
    to: 'the API server',
    host: `kubernetes.default.svc.${installation.clusterDomain}`,
    port: 443,
    ports: [443, 6443, 8443],
    listens: 'known',
  },
  { to: 'the metadata of the cloud', host: '169.254.169.254', port: 80, ports: [80], listens: 'never' },
]

function toForbidden(role: Role, snapshot: Snapshot, all: readonly NetworkPolicyManifest[]): readonly Cell[] {
  const out = egressOf(role, snapshot, all)
  if (!out) return []
  return forbidden(snapshot)
    .filter(({ ports }) => !mayLeadOut(out, ports, true))
    .map(({ to, host, port, listens }) => ({ role, to, host, port, named: port, expect: 'shut', listens }))
}

/** `undefined` where none of our policies has a say. */
function egressOf(role: Role, { sender }: Snapshot, all: readonly NetworkPolicyManifest[]) {
  const mine = all.filter(
    ({ spec }) =>
      spec.policyTypes?.includes('Egress') === true &&
      selects(spec.podSelector ?? {}, roleLabels(sender, role)),
  )
  if (mine.length === 0) return undefined
  return mine.flatMap(({ spec }) => (spec.egress ?? []).map(({ to, ports }): Way => ({ peers: to, ports })))
}

function ingressOf({ labels }: PodIdentity, all: readonly NetworkPolicyManifest[]): readonly Way[] {
  return all
    .filter(
      ({ spec }) => spec.policyTypes?.includes('Ingress') === true && selects(spec.podSelector ?? {}, labels),
    )
    .flatMap(({ spec }) => (spec.ingress ?? []).map(({ from, ports }): Way => ({ peers: from, ports })))
}
