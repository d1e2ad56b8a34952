/** What rolls the pods of NATS: its configuration, whom it trusts, and the key of its volumes. */
import type { StatefulSetManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import { StatefulSet } from '../../vocabulary/kinds.ts'
import { TEMPLATE_HASH } from '../../vocabulary/labels.ts'
import { natsSecrets } from '../parts/natsTopology.ts'
import { templateHash } from '../parts/templateHash.ts'
import { childOf } from '../snapshot.ts'
import { natsConfiguration, statefulSetName } from './configuration.ts'
import { dataKey } from './dataKey.ts'

/** `undefined` while its servers have no certificate. A renewed one rolls nothing: it is read again on demand. */
export function natsTemplateHash(snapshot: Snapshot): string | undefined {
  const { sender, installation, secrets } = snapshot
  const certificate = secrets.get(natsSecrets(sender).server)?.certificate
  if (certificate?.issuerKeyHash === undefined) return undefined
  const key = dataKey(snapshot)
  return templateHash({
    configuration: natsConfiguration(sender, installation),
    issuer: certificate.trustedKeys.join(),
    keyId: key.state === 'good' ? key.id : undefined,
  })
}

/** Every node was started with what is wanted now; nodes that were never made have nothing else. */
export function natsIsUpToDate(snapshot: Snapshot): boolean {
  const set = childOf<StatefulSetManifest>(snapshot, StatefulSet, statefulSetName(snapshot.sender))
  if (!set) return true
  const made = set.spec?.template.metadata?.annotations?.[TEMPLATE_HASH]
  return made === natsTemplateHash(snapshot) && isRolledOut(set)
}

export function isRolledOut(set: StatefulSetManifest | undefined): boolean {
  const status = set?.status
  if (!status || status.observedGeneration !== set.metadata.generation) return false
  return status.readyReplicas === set.spec?.replicas && status.updateRevision === status.currentRevision
}
