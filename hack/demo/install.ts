/** Installs the operator from its manifests into a cluster, with images that the cluster has. */
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { kubectl, load } from '../cluster/cluster.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { appImages, NATS_IMAGE } from '../images/images.ts'

export type Form = 'default' | 'cluster-wide'

export const OPERATOR_NAMESPACE = 'batchsender-system'

/** Builds, loads, applies, and waits until the operator is there. */
export async function installOperator(
  cluster: Cluster,
  form: Form,
  namespace = OPERATOR_NAMESPACE,
): Promise<void> {
  const images = await appImages()
  await load(cluster, images)
  const manifests = await kubectl(cluster, ['kustomize', join(repositoryDir, 'config', form)])
  const placed = manifests
    .replaceAll('batchsender/operator:0.1.0', images.names.operator)
    .replaceAll('batchsender/worker:0.1.0', images.names.worker)
    .replaceAll('nats:2.15.2', NATS_IMAGE)
    .replaceAll(OPERATOR_NAMESPACE, namespace)
  await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], placed)
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
