/**
 * Compares a wish with a live object restricted to the fields that one manager applied. Pure.
 *
 * `fieldsV1` is a trie: `f:name` is a field, `k:{…}` an item of a list keyed by those fields, `v:…` an item of a set,
 * `.` the item or map itself; a node with nothing below is owned as a whole
 * (sigs.k8s.io/structured-merge-diff, fieldpath/serialize.go).
 */
import type { FieldSet, KubernetesObject, ManagedFieldsEntry } from './object.ts'
import { contains, equal, isEmpty, isRecord, itemOf } from './fieldValues.ts'

/** What one manager applied to the object itself, not to a subresource. */
export function appliedFields(live: KubernetesObject, manager: string): FieldSet | undefined {
  return live.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  )?.fieldsV1
}

/**
 * What the cache keeps of a child when nobody asks for less: all but who wrote which part of its status. Values that
 * are not ours stay, since a field that somebody took from us must not look as if it were not there.
 */
export function withoutStatusOwners(raw: KubernetesObject): KubernetesObject {
  const { managedFields } = raw.metadata
  if (!managedFields?.some(isOfStatus)) return raw
  const kept = managedFields.filter((entry) => !isOfStatus(entry))
  return { ...raw, metadata: { ...raw.metadata, managedFields: kept } }
}

function isOfStatus({ subresource }: ManagedFieldsEntry): boolean {
  return subresource === 'status'
}

/** Identity, which an apply sends but does not own. */
const IDENTITY = new Set(['apiVersion', 'kind'])
const IDENTITY_METADATA = new Set(['name', 'namespace', 'uid', 'resourceVersion'])

/**
 * How a live object stands to a wish: `applied` when every field is owned and equal and no owned one is left out;
 * `exceeded` when it only holds more inside atomic fields, be it defaults of the server or what we once wished for.
 */
export type Standing = 'applied' | 'exceeded' | 'different'

export function standingOf(live: KubernetesObject, desired: KubernetesObject, manager: string): Standing {
  const fields = appliedFields(live, manager)
  const wish = ownable(desired)
  if (fields === undefined || !matches(live, wish, fields, contains)) return 'different'
  return matches(live, wish, fields, equal) ? 'applied' : 'exceeded'
}

type Compare = (live: unknown, wish: unknown) => boolean

/** What of a wish an apply comes to own. */
export function ownable(desired: KubernetesObject): unknown {
  const metadata = Object.fromEntries(
    Object.entries(desired.metadata).filter(([field]) => !IDENTITY_METADATA.has(field)),
  )
  return {
    ...Object.fromEntries(Object.entries(desired).filter(([field]) => !IDENTITY.has(field))),
    metadata,
  }
}

function matches(live: unknown, wish: unknown, fields: FieldSet, compare: Compare): boolean {
  const steps = Object.keys(fields).filter((step) => step !== '.')
  // Owned as a whole: a leaf, or a list or map that the schema calls atomic.
  if (steps.length === 0) return compare(live, wish)
  if (Array.isArray(wish)) return Array.isArray(live) && matchesList(live, wish, fields, compare)
  if (!isRecord(wish) || !isRecord(live)) return false
  const wished = Object.entries(wish).filter(([, value]) => value !== undefined)
  if (steps.some((step) => step.startsWith('f:') && wish[step.slice(2)] === undefined)) return false
  return wished.every(([name, value]) => {
    const below = fields[`f:${name}`]
    return below ? matches(live[name], value, below, compare) : isEmpty(value)
  })
}

function matchesList(
  live: readonly unknown[],
  wish: readonly unknown[],
  fields: FieldSet,
  compare: Compare,
): boolean {
  const steps = Object.keys(fields).filter((step) => step !== '.')
  if (steps.length !== wish.length) return false
  return steps.every((step) => {
    const below = fields[step]
    const wished = itemOf(wish, step)
    const present = itemOf(live, step)
    if (!below || wished === undefined || present === undefined) return false
    return matches(present, wished, below, compare)
  })
}
