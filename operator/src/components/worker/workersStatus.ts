/** How many workers there are, for a printed column and for the scale subresource. */
import type { DeploymentManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import { Deployment } from '../../vocabulary/kinds.ts'
import { childName, selectorLabels } from '../parts/labels.ts'
import { childOf } from '../snapshot.ts'
import { scaleOf } from './scaling.ts'

export function workersStatus(snapshot: Snapshot) {
  const { sender } = snapshot
  const live = childOf<DeploymentManifest>(snapshot, Deployment, childName(sender, 'worker'))
  const { wanted } = scaleOf(snapshot)
  return {
    text: `${Math.min(live?.status?.availableReplicas ?? 0, wanted)}/${wanted}`,
    scale: {
      replicas: live?.status?.replicas ?? 0,
      selector: Object.entries(selectorLabels(sender, 'worker'))
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    },
  }
}
