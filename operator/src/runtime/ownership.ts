/** Whose an object is: ours, somebody else's, or left over from an owner that is no more. Pure. */
import type { KubernetesObject, OwnerReference } from './object.ts'
import { controllerOf } from './object.ts'

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
