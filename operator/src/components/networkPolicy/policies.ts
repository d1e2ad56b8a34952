/** The NetworkPolicies of one BatchSender: deny everything, then allow each connection that its parts need. */
import type { EgressRule, IngressRule, NetworkPolicyManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import type { V1LabelSelector } from '@kubernetes/client-node'
import { COMPONENT, INSTANCE, PART_OF } from '../../vocabulary/labels.ts'
import { CLIENT_PORT, CLUSTER_PORT } from '../parts/natsTopology.ts'
import { metadata } from '../parts/metadata.ts'
import { selectorLabels } from '../parts/labels.ts'
import { HTTP_PORT, INTERNAL_PORT } from '../worker/environment.ts'
import {
  addressOf,
  CLUSTER_DNS,
  distinct,
  egressTo,
  ingressFrom,
  operatorPods,
  podsOf,
  PUBLIC_RANGES,
  tcp,
} from './peers.ts'

/** Component label of the policies themselves; no pod has it. */
export const PART = 'network'

const POSTGRES_PORT = 5432
const DNS_PORT = 53
const SMTP_PORT = 587
const HTTPS_PORT = 443
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
    policy(snapshot, 'migration', ofPart('migration'), { egress: toPostgres(snapshot) }),
    ...(sender.spec.nats.managed ? [policy(snapshot, 'nats', ofPart('nats'), natsRules(snapshot))] : []),
    ...backupPolicies(snapshot),
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
  return {
    ingress: [
      ...ingressFrom(network?.clients ?? [OWN_NAMESPACE], [HTTP_PORT]),
      ...ingressFrom([operatorPods(installation), ...(network?.monitoring ?? [])], [INTERNAL_PORT]),
    ],
    egress: [
      ...toNats(snapshot),
      ...toPostgres(snapshot),
      ...toClickhouse(snapshot),
      ...toMail(snapshot),
      ...toUnleash(snapshot),
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
function backupPolicies(snapshot: Snapshot): readonly NetworkPolicyManifest[] {
  const { sender } = snapshot
  const backup = sender.spec.clickhouse?.backup
  if (!backup) return []
  const asking = {
    matchLabels: { [INSTANCE]: sender.name, [PART_OF]: 'batchsender' },
    matchExpressions: [{ key: COMPONENT, operator: 'In', values: ['backup', 'verify'] }],
  }
  const retention = { matchLabels: selectorLabels(sender, 'retention') }
  return [
    policy(snapshot, 'backup', asking, { egress: toClickhouse(snapshot) }),
    ...(backup.retention ? [policy(snapshot, 'retention', retention, { egress: toBucket(snapshot) })] : []),
  ]
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

function toNats({ sender, installation }: Snapshot): readonly EgressRule[] {
  const { external } = sender.spec.nats
  if (!external) return [{ to: [podsOf(sender, 'nats')], ports: tcp([CLIENT_PORT]) }]
  const addresses = external.servers.map((server) => addressOf(server, CLIENT_PORT))
  return egressTo(sender, installation, 'nats', addresses)
}

/** Its address is in a Secret, which is not read for this. */
function toPostgres({ sender, installation }: Snapshot): readonly EgressRule[] {
  const unknown = [{ host: 'postgres.invalid', port: POSTGRES_PORT }]
  return egressTo(sender, installation, 'postgres', unknown)
}

function toClickhouse({ sender, installation }: Snapshot): readonly EgressRule[] {
  const url = sender.spec.clickhouse?.external?.url
  return url === undefined ? [] : egressTo(sender, installation, 'clickhouse', [webAddress(url)])
}

function toBucket({ sender, installation }: Snapshot): readonly EgressRule[] {
  const url = sender.spec.clickhouse?.backup?.destination.s3?.endpoint
  return url === undefined ? [] : egressTo(sender, installation, 's3', [webAddress(url)])
}

function toUnleash({ sender, installation }: Snapshot): readonly EgressRule[] {
  const url = sender.spec.worker.features?.unleash?.url
  return url === undefined ? [] : egressTo(sender, installation, 'unleash', [webAddress(url)])
}

const webAddress = (url: string) => addressOf(url, url.startsWith('https:') ? HTTPS_PORT : 80)

/** A webhook of SNS is proven by a certificate that only a public address has. */
function toMail({ sender, installation }: Snapshot): readonly EgressRule[] {
  const { smtp, ses, resend } = sender.spec.worker.provider
  const addresses = [
    ...(smtp ? [{ host: smtp.host, port: smtp.port ?? SMTP_PORT }] : []),
    ...(ses ? [webAddress(ses.endpoint ?? `https://email.${ses.region}.amazonaws.com`)] : []),
    ...(resend ? [webAddress(resend.endpoint ?? 'https://api.resend.com')] : []),
  ]
  return distinct([
    ...egressTo(sender, installation, 'mail', addresses),
    ...(ses?.topicArns ? [{ to: PUBLIC_RANGES, ports: tcp([HTTPS_PORT]) }] : []),
  ])
}
