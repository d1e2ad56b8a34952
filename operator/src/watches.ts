/** What the operator watches beside BatchSenders, and whom a change concerns. */
import type { KubernetesObject, Resource } from './runtime/object.ts'
import type { Watch } from './runtime/caches.ts'
import { projectPod } from './adapters/jobRuns.ts'
import { projectPolicy } from './adapters/probeRuns.ts'
import { projectSecret } from './adapters/secretProjection.ts'
import { components } from './components/index.ts'
import { keyOf } from './runtime/object.ts'
import { Job, NetworkPolicy, Pod, Secret } from './vocabulary/kinds.ts'
import { CHILDREN_SELECTOR, INSTANCE, PODS_SELECTOR, PROBE_OF, RETAINED_FOR } from './vocabulary/labels.ts'

/** Every kind that some component owns, once. */
export function ownedKinds(): readonly Resource[] {
  return [...new Map(components.flatMap(({ owns }) => owns).map((kind) => [kind.kind, kind])).values()]
}

/** @param primaries every BatchSender that is known */
export function watchesOf(
  kinds: readonly Resource[],
  primaries: () => Iterable<KubernetesObject>,
): readonly Watch[] {
  /** Everybody in the namespace. */
  const keysBeside = ({ metadata: { namespace } }: KubernetesObject) =>
    [...primaries()].filter((primary) => primary.metadata.namespace === namespace).map(keyOf)
  return [
    ...kinds.map((resource) => ({
      resource,
      // Of NetworkPolicies those of others count, too: what they open is open.
      ...(resource === NetworkPolicy
        ? { project: projectPolicy, toKeys: keysBeside }
        : { labelSelector: CHILDREN_SELECTOR }),
      ...(resource === Secret && { project: projectSecret, toKeys: secretKeys }),
      ...(resource === Job && { toKeys: instanceKeys }),
    })),
    { resource: Pod, labelSelector: PODS_SELECTOR, project: projectPod, toKeys: instanceKeys },
  ]
}

/** A retained Secret has no owner to lead to its BatchSender, but a label. */
function secretKeys({ metadata }: KubernetesObject): string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)?.name
  const name = owner ?? metadata.labels?.[RETAINED_FOR]
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
}

/** A Job of a CronJob, and its pods, are owned at second hand: their label leads to whom they concern. */
function instanceKeys({ metadata }: KubernetesObject): string[] {
  const name = metadata.labels?.[PROBE_OF] ?? metadata.labels?.[INSTANCE]
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
}
