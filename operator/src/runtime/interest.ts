/** Which primaries a change concerns. Pure. */
import type { Change } from './store.ts'
import type { KubernetesObject, Resource } from './object.ts'
import { controllerOf, joinKey, keyOf } from './object.ts'

/** Keys of the primaries that an object concerns. */
export type ToKeys = (object: KubernetesObject) => readonly string[]

/** An update of a primary counts only when it is more than our own status. */
export function primariesOf(change: Change): readonly string[] {
  const isNews = change.type !== 'updated' || !change.before || told(change.object) !== told(change.before)
  return isNews ? [keyOf(change.object)] : []
}

/** Whoever owned a child before is concerned, too: the owner may be just what was edited away. */
export function concernedBy(change: Change, toKeys: ToKeys): readonly string[] {
  const before = change.type === 'updated' && change.before ? toKeys(change.before) : []
  return [...new Set([...before, ...toKeys(change.object)])]
}

/** Leads from a child to the primary that controls it. */
export function controllerKeys({ apiVersion, kind }: Resource): ToKeys {
  return (object) => {
    const owner = controllerOf(object)
    if (owner?.kind !== kind || groupOf(owner.apiVersion) !== groupOf(apiVersion)) return []
    return [joinKey(object.metadata.namespace, owner.name)]
  }
}

function told({ metadata }: KubernetesObject): string {
  const { generation, labels, annotations, finalizers, deletionTimestamp } = metadata
  return JSON.stringify([generation, labels, annotations, finalizers, deletionTimestamp])
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}
