/** Installs the operator from its manifests into a cluster, with images that the cluster has. */
import type { Cluster } from '../cluster/cluster.ts'
import { RELEASE } from '../../crds/release.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { kubectl, load } from '../cluster/cluster.ts'
import { appImages, NATS } from '../images/images.ts'
import { rendered } from './overlay.ts'

export type Form = 'default' | 'cluster-wide'

/** Builds, loads, applies, and waits until the operator is there. */
export async function installOperator(
  cluster: Cluster,
  form: Form,
  namespace = OPERATOR_NAMESPACE,
): Promise<void> {
  const apps = await appImages()
  await load(cluster, apps)
  const { operator, worker, nats } = RELEASE.images
  const images = {
    [operator.name]: apps.images.operator,
    [worker.name]: apps.images.worker,
    [nats.name]: NATS,
  }
  const manifests = await rendered({ base: form, namespace, images })
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
