/** What rolls the pods of NATS: its configuration, whom it trusts, and the key of its volumes. */
import type { StatefulSetManifest } from '../parts/manifests.ts'
import type { Installation, Sender, Snapshot } from '../snapshot.ts'
import { StatefulSet } from '../../vocabulary/kinds.ts'
import { TEMPLATE_HASH, TRUST_HASH } from '../../vocabulary/labels.ts'
import { natsIssuer } from '../parts/natsIssuer.ts'
import { natsSecrets } from '../parts/natsTopology.ts'
import { templateHash } from '../parts/templateHash.ts'
import { childOf } from '../snapshot.ts'
import { natsConfiguration, statefulSetName } from './configuration.ts'
import { dataKey } from './dataKey.ts'

/** Tells the configuration that nodes should run from another one. */
export function wishedConfiguration(sender: Sender, installation: Installation): string {
  return templateHash({ configuration: natsConfiguration(sender, installation) })
}

/** `undefined` while its servers have no certificate. A renewed one rolls nothing: it is read again on demand. */
export function natsTemplateHash(snapshot: Snapshot): string | undefined {
  const { sender, installation, secrets } = snapshot
  if (secrets.get(natsSecrets(sender).server)?.certificate?.issuerKeyHash === undefined) return undefined
  const key = dataKey(snapshot)
  return templateHash({
    configuration: natsConfiguration(sender, installation),
    keyId: key.state === 'good' ? key.id : undefined,
  })
}

/**
 * Whom the nodes were started to trust. Servers read another CA again, too, but that they did is only known of nodes that
 * were started with it, and before that nothing may be signed by it. What their Secret trusts beside is no reason to roll.
 */
export function natsTrust(snapshot: Snapshot): string | undefined {
  const issuer = natsIssuer(snapshot)
  const held = snapshot.secrets.get(natsSecrets(snapshot.sender).server)?.certificate?.trustedKeys ?? []
  if (issuer.state !== 'good') return annotationsAtWork(snapshot)?.[TRUST_HASH]
  const { trustedKeys } = issuer.certificate
  const isHeld = trustedKeys.every((key) => held.includes(key))
  return isHeld ? templateHash({ trustedKeys }) : annotationsAtWork(snapshot)?.[TRUST_HASH]
}

/** What the template of the pods says in the cluster. */
export function annotationsAtWork(snapshot: Snapshot): Readonly<Record<string, string>> | undefined {
  const set = childOf<StatefulSetManifest>(snapshot, StatefulSet, statefulSetName(snapshot.sender))
  return set?.spec?.template.metadata?.annotations
}

/** Every node was started with what is wanted now; nodes that were never made have nothing else. */
export function natsIsUpToDate(snapshot: Snapshot): boolean {
  const set = childOf<StatefulSetManifest>(snapshot, StatefulSet, statefulSetName(snapshot.sender))
  if (!set) return true
  const made = annotationsAtWork(snapshot)
  const isMade =
    made?.[TEMPLATE_HASH] === natsTemplateHash(snapshot) && made?.[TRUST_HASH] === natsTrust(snapshot)
  return isMade && isRolledOut(set)
}

/** Nodes are being replaced by newer ones. */
export function isRolling(snapshot: Snapshot): boolean {
  const set = childOf<StatefulSetManifest>(snapshot, StatefulSet, statefulSetName(snapshot.sender))
  if (!set) return false
  const { observedGeneration, updateRevision, currentRevision } = set.status ?? {}
  return observedGeneration !== set.metadata.generation || updateRevision !== currentRevision
}

export function isRolledOut(set: StatefulSetManifest | undefined): boolean {
  const status = set?.status
  if (!status || status.observedGeneration !== set.metadata.generation) return false
  return status.readyReplicas === set.spec?.replicas && status.updateRevision === status.currentRevision
}
