/** The NetworkPolicies of one BatchSender: deny everything, then allow each connection that its parts need. */
import type { EgressRule, IngressRule, NetworkPolicyManifest } from '../parts/manifests.ts'
import type { JobName } from '../../../../crds/jobs/index.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { V1LabelSelector } from '@kubernetes/client-node'
import { COMPONENT, INSTANCE, PART_OF } from '../../vocabulary/labels.ts'
import { CLIENT_PORT, CLUSTER_PORT } from '../parts/natsTopology.ts'
import { metadata } from '../parts/metadata.ts'
import { selectorLabels } from '../parts/labels.ts'
import { HTTP_PORT, INTERNAL_PORT } from '../parts/ports.ts'
import { HTTPS_PORT } from '../parts/addresses.ts'
import { gatewayPeers } from '../parts/gatewaySources.ts'
import { destinationsOf, waysTo } from './destinations.ts'
import { jobGroupsOf } from './jobGroups.ts'
import { CLUSTER_DNS, distinct, ingressFrom, operatorPods, podsOf, PUBLIC_RANGES, tcp } from './peers.ts'

/** Component label of the policies themselves; no pod has it. */
export const PART = 'network'

const DNS_PORT = 53
const NODE_LOCAL_DNS = '169.254.20.10/32'

/** Peers when `clients` is not set: all pods of the namespace, whose users can mount the tokens anyway. */
const OWN_NAMESPACE = { podSelector: {} }

interface Rules {
  readonly ingress?: readonly IngressRule[]
  readonly egress?: readonly EgressRule[]
}

/** Everything that should exist while policies are enabled. */
export function policies(snapshot: Snapshot): readonly NetworkPolicyManifest[] {
  const { sender } = snapshot
  const ofPart = (part: string) => ({ matchLabels: selectorLabels(sender, part) })
  const all = { matchLabels: { [INSTANCE]: sender.name, [PART_OF]: 'batchsender' } }
  return [
    policy(snapshot, 'default-deny', all, { ingress: [], egress: [] }),
    policy(snapshot, 'dns', all, { egress: dnsRules(snapshot) }),
    policy(snapshot, 'worker', ofPart('worker'), workerRules(snapshot)),
    policy(snapshot, 'migration', ofPart('migration'), { egress: waysTo('postgres', snapshot) }),
    ...(sender.spec.nats.managed ? [policy(snapshot, 'nats', ofPart('nats'), natsRules(snapshot))] : []),
    ...jobPolicies(snapshot),
  ]
}

/** Only what is named in `rules` is restricted by this policy; the rest is left to `default-deny`. */
function policy(
  { sender }: Snapshot,
  name: string,
  podSelector: V1LabelSelector,
  { ingress, egress }: Rules,
): NetworkPolicyManifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(sender, PART, name),
    spec: {
      podSelector,
      policyTypes: [...(ingress ? ['Ingress'] : []), ...(egress ? ['Egress'] : [])],
      ...(ingress && ingress.length > 0 && { ingress }),
      ...(egress && egress.length > 0 && { egress }),
    },
  }
}

function workerRules(snapshot: Snapshot): Rules {
  const { sender, installation } = snapshot
  const { network } = sender.spec
  const others = destinationsOf('worker').filter((to) => to !== 'nats')
  return {
    ingress: [
      ...ingressFrom(network?.clients ?? [OWN_NAMESPACE], [HTTP_PORT]),
      ...ingressFrom(gatewayPeers(sender), [HTTP_PORT]),
      ...ingressFrom([operatorPods(installation), ...(network?.monitoring ?? [])], [INTERNAL_PORT]),
    ],
    egress: [
      ...toNats(snapshot),
      ...others.flatMap((to) => (to === 'mail' ? toMail(snapshot) : waysTo(to, snapshot))),
    ],
  }
}

/** The monitoring port 8222 is for the kubelet alone, which no policy stops. */
function natsRules({ sender, installation }: Snapshot): Rules {
  const peers = [podsOf(sender, 'nats')]
  const others = sender.spec.network?.natsClients ?? []
  return {
    ingress: [
      ...ingressFrom([podsOf(sender, 'worker'), operatorPods(installation), ...others], [CLIENT_PORT]),
      ...ingressFrom(peers, [CLUSTER_PORT]),
    ],
    egress: [{ to: peers, ports: tcp([CLUSTER_PORT]) }],
  }
}

/** The ClickHouse server writes backups to S3, not the Job that asks for them; only retention speaks to S3. */
function jobPolicies(snapshot: Snapshot): readonly NetworkPolicyManifest[] {
  const { sender } = snapshot
  return jobGroupsOf(sender).map(({ name, jobs }) =>
    policy(snapshot, name, jobSelector(sender, jobs), {
      egress: destinationsOf(name).flatMap((to) => waysTo(to, snapshot)),
    }),
  )
}

function jobSelector(sender: Sender, jobs: readonly JobName[]): V1LabelSelector {
  const [only, ...more] = jobs
  if (only !== undefined && more.length === 0) return { matchLabels: selectorLabels(sender, only) }
  return {
    matchLabels: { [INSTANCE]: sender.name, [PART_OF]: 'batchsender' },
    matchExpressions: [{ key: COMPONENT, operator: 'In', values: [...jobs] }],
  }
}

function dnsRules({ sender }: Snapshot): readonly EgressRule[] {
  const { network } = sender.spec
  const cidrs = network?.dnsCidrs ?? [NODE_LOCAL_DNS]
  const to = [...(network?.egress?.dns ?? [CLUSTER_DNS]), ...cidrs.map((cidr) => ({ ipBlock: { cidr } }))]
  const ports = (network?.ports?.dns ?? [DNS_PORT]).flatMap((port) => [
    { protocol: 'UDP', port },
    { protocol: 'TCP', port },
  ])
  return to.length === 0 ? [] : [{ to, ports }]
}

/** One's own NATS is reached by labels. */
function toNats(snapshot: Snapshot): readonly EgressRule[] {
  const { sender } = snapshot
  if (sender.spec.nats.external) return waysTo('nats', snapshot)
  return [{ to: [podsOf(sender, 'nats')], ports: tcp([CLIENT_PORT]) }]
}

/** A webhook of SNS is proven by a certificate that only a public address has. */
function toMail(snapshot: Snapshot): readonly EgressRule[] {
  const { ses } = snapshot.sender.spec.worker.provider
  return distinct([
    ...waysTo('mail', snapshot),
    ...(ses?.topicArns ? [{ to: PUBLIC_RANGES, ports: tcp([HTTPS_PORT]) }] : []),
  ])
}
