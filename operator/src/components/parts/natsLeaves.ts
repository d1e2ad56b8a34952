/** The certificates that NATS needs below its CA: one for the servers, one for each who may speak to them. */
import type { LeafRequest } from '../wishes/certificate.ts'
import type { SecretIdentity } from '../wishes/secretIdentity.ts'
import type { Snapshot } from '../snapshot.ts'
import { labels } from './labels.ts'
import { identityName, natsSecrets, serverDnsNames } from './natsTopology.ts'
import { windowOf } from './renewal.ts'

export interface Leaf {
  readonly secret: SecretIdentity
  readonly request: LeafRequest
}

export function natsLeaves({ sender, installation }: Snapshot): readonly Leaf[] {
  const secrets = natsSecrets(sender)
  const issuerSecret = sender.spec.nats.tls?.issuerSecretRef?.name ?? secrets.ca
  const durationMs = windowOf({ sender }, 'duration')
  const leaf = (name: string, dnsNames: readonly string[], usages: LeafRequest['usages']): Leaf => ({
    secret: { name, namespace: sender.namespace, labels: labels(sender, 'nats'), owned: true },
    request: { role: 'leaf', commonName: name, dnsNames, usages, durationMs, issuerSecret },
  })
  return [
    // A route is dialled by one server and answered by another, with the same certificate.
    leaf(secrets.server, serverDnsNames(sender, installation), ['serverAuth', 'clientAuth']),
    leaf(secrets.worker, [identityName(sender, 'worker')], ['clientAuth']),
    leaf(secrets.operator, [identityName(sender, 'operator')], ['clientAuth']),
    leaf(secrets.system, [identityName(sender, 'system')], ['clientAuth']),
  ]
}
