/** How two states of an object differ, in paths of a manifest. Pure. */
import type { Claim } from '../../src/runtime/ownership.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { equal, isRecord } from '../../src/runtime/fieldValues.ts'
import { ownable } from '../../src/runtime/managedFields.ts'

export interface Change {
  /** `spec.template.spec.containers[worker].image`. */
  readonly path: string
  /** `undefined`: it was not there. */
  readonly from: unknown
  /** `undefined`: it will not be there. */
  readonly to: unknown
}

/** Whether a write would leave the object as it is. */
export function isSame(left: KubernetesObject, right: KubernetesObject): boolean {
  return equal(written(left), written(right))
}

/** What a write can change: not what the server counts and notes. */
function written({ metadata, ...object }: KubernetesObject): unknown {
  const { labels, annotations, ownerReferences, finalizers, managedFields = [] } = metadata
  const owners = managedFields
    .filter(({ subresource }) => subresource !== 'status')
    .map(({ manager, operation, fieldsV1 }) => JSON.stringify([manager, operation, fieldsV1]))
    .sort()
  return {
    ...object,
    status: undefined,
    metadata: { labels, annotations, ownerReferences, finalizers, owners },
  }
}

/** Of what a person would call its content. */
export function changesOf(
  from: KubernetesObject | undefined,
  to: KubernetesObject | undefined,
): readonly Change[] {
  return changesBetween(contentOf(from), contentOf(to))
}

function contentOf(object: KubernetesObject | undefined): unknown {
  if (!object) return undefined
  const { metadata, ...rest } = object
  const { labels, annotations } = metadata
  const content = Object.entries(rest).filter(([name]) => !['apiVersion', 'kind', 'status'].includes(name))
  return { metadata: { labels, annotations }, ...Object.fromEntries(content) }
}

export function changesBetween(from: unknown, to: unknown, path = ''): readonly Change[] {
  if (equal(from, to)) return []
  if (isRecord(from) && isRecord(to))
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) =>
      changesBetween(from[name], to[name], joined(path, name)),
    )
  if (isNamed(from) && isNamed(to)) {
    const names = [...new Set([...from, ...to].map(({ name }) => name))]
    return names.flatMap((name) => changesBetween(itemOf(from, name), itemOf(to, name), `${path}[${name}]`))
  }
  return [{ path, from, to }]
}

/** A name with dots, such as that of a label, stands in brackets. */
const joined = (path: string, name: string) =>
  /^[A-Za-z0-9_-]+$/.test(name) ? (path === '' ? name : `${path}.${name}`) : `${path}["${name}"]`

type Named = readonly { readonly name: string }[]

function isNamed(list: unknown): list is Named {
  if (!Array.isArray(list) || list.length === 0) return false
  const names = list.map((item: unknown) => (isRecord(item) ? item['name'] : undefined))
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length
}

const itemOf = (list: Named, name: string) => list.find((item) => item.name === name)

/** What a wish makes of an object where the API server may not be asked: as near as can be told without its defaults. */
export function withWish(
  known: KubernetesObject | undefined,
  wish: KubernetesObject,
  { uid }: Claim,
): KubernetesObject {
  if (!known)
    return { ...wish, metadata: { ...wish.metadata, uid: `${uid} ${wish.kind}/${wish.metadata.name}` } }
  const { metadata, ...rest } = merged(known, ownable(wish)) as KubernetesObject
  return {
    ...rest,
    apiVersion: known.apiVersion,
    kind: known.kind,
    metadata: { ...known.metadata, labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} },
  }
}

function merged(known: unknown, wish: unknown): unknown {
  if (isRecord(known) && isRecord(wish)) {
    const both = Object.entries(wish).map(([name, value]) => [name, merged(known[name], value)] as const)
    return { ...known, ...Object.fromEntries(both) }
  }
  if (isNamed(known) && isNamed(wish)) return wish.map((item) => merged(itemOf(known, item.name), item))
  return wish
}
