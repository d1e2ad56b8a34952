/** Installs the operator from its manifests into a cluster, with images that the cluster has. */
import type { Cluster } from '../cluster/cluster.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { kubectl } from '../cluster/cluster.ts'
import { rendered } from './overlay.ts'
import { placedApps } from './placedImages.ts'

export type Form = 'default' | 'cluster-wide'

/** Builds, loads, applies, and waits until the operator is there. */
export async function installOperator(
  cluster: Cluster,
  form: Form,
  namespace = OPERATOR_NAMESPACE,
): Promise<void> {
  const images = await placedApps(cluster)
  const manifests = await rendered(cluster, { base: form, namespace, images })
  await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], manifests)
  await kubectl(cluster, [
    'wait',
    '--for=condition=Established',
    'crd/batchsenders.batchsender.io',
    '--timeout=60s',
  ])
  await kubectl(cluster, [
    '-n',
    namespace,
    'rollout',
    'status',
    'deployment/batchsender-operator',
    '--timeout=180s',
  ])
}
