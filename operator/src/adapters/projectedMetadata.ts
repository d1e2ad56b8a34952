/** What the caches keep of the metadata of an object that is not ours to write: who and whose it is. */
import type { KubernetesObject } from '../runtime/object.ts'

export function projectedMetadata({ metadata }: KubernetesObject): KubernetesObject['metadata'] {
  const { name, namespace, uid, resourceVersion, labels, ownerReferences } = metadata
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(labels && { labels }),
    ...(ownerReferences && { ownerReferences }),
  }
}
