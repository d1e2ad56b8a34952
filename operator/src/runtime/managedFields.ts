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
  return fields === undefined ? 'different' : standing(live, ownable(desired), fields)
}

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

function standing(live: unknown, wish: unknown, fields: FieldSet): Standing {
  const steps = stepsOf(fields)
  // Owned as a whole: a leaf, or a list or map that the schema calls atomic.
  if (steps.length === 0) return leafStanding(live, wish)
  if (Array.isArray(wish)) return Array.isArray(live) ? listStanding(live, wish, fields, steps) : 'different'
  if (!isRecord(wish) || !isRecord(live)) return 'different'
  if (steps.some((step) => step.startsWith('f:') && wish[step.slice(2)] === undefined)) return 'different'
  return worst(Object.keys(wish), (name) => {
    const value = wish[name]
    const below = fields[`f:${name}`]
    if (below && value !== undefined) return standing(live[name], value, below)
    return value === undefined || isEmpty(value) ? 'applied' : 'different'
  })
}

function listStanding(
  live: readonly unknown[],
  wish: readonly unknown[],
  fields: FieldSet,
  steps: readonly string[],
): Standing {
  if (steps.length !== wish.length) return 'different'
  return worst(steps, (step) => {
    const below = fields[step]
    const wished = itemOf(wish, step)
    const present = itemOf(live, step)
    if (!below || wished === undefined || present === undefined) return 'different'
    return standing(present, wished, below)
  })
}

function leafStanding(live: unknown, wish: unknown): Standing {
  if (equal(live, wish)) return 'applied'
  return contains(live, wish) ? 'exceeded' : 'different'
}

/** Looks no further than to the first that differs. */
function worst(parts: readonly string[], standingOfPart: (part: string) => Standing): Standing {
  let found: Standing = 'applied'
  for (const part of parts) {
    const next = standingOfPart(part)
    if (next === 'different') return next
    if (next === 'exceeded') found = next
  }
  return found
}

function stepsOf(fields: FieldSet): readonly string[] {
  const steps = Object.keys(fields)
  return '.' in fields ? steps.filter((step) => step !== '.') : steps
}
