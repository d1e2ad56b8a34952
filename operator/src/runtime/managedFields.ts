/**
 * Compares a wish with a live object restricted to the fields that one manager applied. Pure.
 *
 * `fieldsV1` is a trie: `f:name` is a field, `k:{…}` an item of a list keyed by those fields, `v:…` an item of a set,
 * `.` the item or map itself; a node with nothing below is owned as a whole
 * (sigs.k8s.io/structured-merge-diff, fieldpath/serialize.go).
 */
import type { FieldSet, KubernetesObject } from './object.ts'

/** What one manager applied to the object itself, not to a subresource. */
export function appliedFields(live: KubernetesObject, manager: string): FieldSet | undefined {
  return live.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  )?.fieldsV1
}

/** Identity, which an apply sends but does not own. */
const IDENTITY = new Set(['apiVersion', 'kind'])
const IDENTITY_METADATA = new Set(['name', 'namespace', 'uid', 'resourceVersion'])

/** Whether applying `desired` would change nothing: every field is owned and equal, and no owned one is left out. */
export function isApplied(live: KubernetesObject, desired: KubernetesObject, manager: string): boolean {
  const fields = appliedFields(live, manager)
  return fields !== undefined && matches(live, ownable(desired), fields)
}

function ownable(desired: KubernetesObject): unknown {
  const metadata = Object.fromEntries(
    Object.entries(desired.metadata).filter(([field]) => !IDENTITY_METADATA.has(field)),
  )
  return {
    ...Object.fromEntries(Object.entries(desired).filter(([field]) => !IDENTITY.has(field))),
    metadata,
  }
}

function matches(live: unknown, wish: unknown, fields: FieldSet): boolean {
  const steps = Object.keys(fields).filter((step) => step !== '.')
  // Owned as a whole: a leaf, or a list or map that the schema calls atomic.
  if (steps.length === 0) return contains(live, wish)
  if (Array.isArray(wish)) return Array.isArray(live) && matchesList(live, wish, fields, steps)
  if (!isRecord(wish) || !isRecord(live)) return false
  const wished = Object.entries(wish).filter(([, value]) => value !== undefined)
  if (steps.some((step) => step.startsWith('f:') && wish[step.slice(2)] === undefined)) return false
  return wished.every(([name, value]) => {
    const below = fields[`f:${name}`]
    return below ? matches(live[name], value, below) : isEmpty(value)
  })
}

function matchesList(
  live: readonly unknown[],
  wish: readonly unknown[],
  fields: FieldSet,
  steps: readonly string[],
): boolean {
  if (steps.length !== wish.length) return false
  return steps.every((step) => {
    const below = fields[step]
    if (!below) return false
    const selects = selector(step)
    const wished = wish.find(selects)
    const present = live.find(selects)
    return wished !== undefined && present !== undefined && matches(present, wished, below)
  })
}

/** Finds the item that a step of a list means. */
function selector(step: string): (item: unknown) => boolean {
  const value: unknown = JSON.parse(step.slice(2))
  if (step.startsWith('v:')) return (item) => equal(item, value)
  // A key field that the wish leaves to its default, such as a port's protocol, is not there to compare.
  return (item) =>
    isRecord(item) &&
    isRecord(value) &&
    Object.entries(value).every(([field, key]) => item[field] === undefined || equal(item[field], key))
}

/** Equal where the wish says something; the server adds defaults inside what is atomic. */
function contains(live: unknown, wish: unknown): boolean {
  if (Array.isArray(wish))
    return (
      Array.isArray(live) &&
      live.length === wish.length &&
      wish.every((item, index) => contains(live[index], item))
    )
  if (!isRecord(wish)) return equal(live, wish)
  if (!isRecord(live)) return isEmpty(wish) && live === undefined
  return Object.entries(wish).every(([name, value]) => value === undefined || contains(live[name], value))
}

/** What an apply of an empty value leaves without an owner. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isRecord(value) && Object.keys(value).length === 0
}

function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => equal(item, right[index]))
  if (!isRecord(left) || !isRecord(right)) return false
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => equal(left[name], right[name]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
