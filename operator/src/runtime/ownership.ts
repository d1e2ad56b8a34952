/** Whose an object is: ours, somebody else's, or left over from an owner that is no more. Pure. */
import type { KubernetesObject, ObjectMeta, OwnerReference } from './object.ts'
import { controllerOf } from './object.ts'

/** For whom a name is claimed, and whether what was left without an owner may be taken back. */
export interface Claim extends OwnerReference {
  readonly adoptsOrphans?: boolean
}

/**
 * One of ours that has lost its owner, as after a restore or a deletion that orphans: nobody controls it, it has every
 * label that we would give it, and we applied it or nobody says who did.
 */
export function isOrphan(live: KubernetesObject, labels: ObjectMeta['labels'], manager: string): boolean {
  const wanted = Object.entries(labels ?? {})
  const { managedFields = [], labels: found = {} } = live.metadata
  const isOurs =
    managedFields.length === 0 || managedFields.some((entry) => entry.manager.startsWith(manager))
  return (
    controllerOf(live) === undefined &&
    wanted.length > 0 &&
    wanted.every(([key, value]) => found[key] === value) &&
    isOurs
  )
}

/** Whose an object is, when it is not ours. */
export function foreignHolder(live: KubernetesObject, owner: OwnerReference): string | undefined {
  const controller = controllerOf(live)
  if (controller?.uid === owner.uid) return undefined
  return controller ? `${controller.kind} ${controller.name}` : 'nobody that we know'
}

/** A child of an owner of the same name that is no more: the garbage collector is on its way. */
export function isLeftover(live: KubernetesObject, owner: OwnerReference): boolean {
  const controller = controllerOf(live)
  return (
    controller !== undefined &&
    controller.uid !== owner.uid &&
    controller.apiVersion === owner.apiVersion &&
    controller.kind === owner.kind &&
    controller.name === owner.name
  )
}
