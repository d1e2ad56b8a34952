/** Nodes, addresses and identities of managed NATS: what its manifests, certificates and observers agree on. */
import type { NatsAccess, NatsAddress } from './natsAccess.ts'
import type { Installation, Sender } from '../snapshot.ts'
import { childName } from './labels.ts'

export const CLIENT_PORT = 4222
export const CLUSTER_PORT = 6222
export const MONITOR_PORT = 8222

/** Who may speak to NATS: each has a certificate, and the server maps its DNS name to a user. */
export type NatsIdentity = 'worker' | 'operator' | 'system'

/** The three Secrets with client certificates, the one of the servers, and the CA. */
export const natsSecrets = (sender: Pick<Sender, 'name'>) => ({
  ca: childName(sender, 'nats-ca'),
  server: childName(sender, 'nats-server'),
  worker: childName(sender, 'nats-worker'),
  operator: childName(sender, 'nats-operator'),
  system: childName(sender, 'nats-system'),
})

export function identityName(sender: Sender, identity: NatsIdentity): string {
  return `${identity}.${sender.name}.${sender.namespace}.nats.batchsender.internal`
}

/** Nodes of managed NATS; none when it is external. */
export function natsNodes(sender: Sender): readonly string[] {
  const replicas = sender.spec.nats.managed?.replicas ?? (sender.spec.nats.managed ? 1 : 0)
  return Array.from({ length: replicas }, (_, index) => `${childName(sender, 'nats')}-${index}`)
}

export function nodeHost(sender: Sender, node: string, { clusterDomain }: Installation): string {
  return `${node}.${childName(sender, 'nats')}.${sender.namespace}.svc.${clusterDomain}`
}

export function nodeAddresses(sender: Sender, installation: Installation): readonly NatsAddress[] {
  return natsNodes(sender).map((node) => ({
    node,
    host: nodeHost(sender, node, installation),
    port: CLIENT_PORT,
  }))
}

/** Every name under which a node is dialled. */
export function serverDnsNames(sender: Sender, installation: Installation): readonly string[] {
  const service = `${childName(sender, 'nats')}.${sender.namespace}.svc`
  return [
    service,
    `${service}.${installation.clusterDomain}`,
    ...natsNodes(sender).flatMap((node) => [
      `${node}.${service}`,
      `${node}.${service}.${installation.clusterDomain}`,
    ]),
  ]
}

/** Servers as a client lists them. */
export function natsServers(sender: Sender, installation: Installation): readonly string[] {
  const { external } = sender.spec.nats
  if (external) return external.servers
  return nodeAddresses(sender, installation).map(({ host, port }) => `tls://${host}:${port}`)
}

/** How the operator itself gets in. */
export function operatorAccess(sender: Sender, installation: Installation): NatsAccess {
  const { external } = sender.spec.nats
  const tlsSecret = external ? external.tlsSecretRef?.name : natsSecrets(sender).operator
  return { servers: natsServers(sender, installation), ...(tlsSecret !== undefined && { tlsSecret }) }
}
