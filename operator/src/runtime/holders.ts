/**
 * Foretells the conflicts of an unforced apply: fields of the wish that another manager owns with another value, told
 * as the server tells them (sigs.k8s.io/structured-merge-diff, fieldpath/element.go). Pure.
 */
import type { Contested } from './contests.ts'
import type { FieldSet, KubernetesObject, ManagedFieldsEntry } from './object.ts'
import { equal, isRecord, itemOf } from './fieldValues.ts'
import { ownable } from './managedFields.ts'

/** @returns each manager with the paths that it holds, sorted; empty when an apply would meet no conflict. */
export function heldByOthers(
  live: KubernetesObject,
  desired: KubernetesObject,
  manager: string,
): readonly Contested[] {
  const wish = ownable(desired)
  const paths = new Map<string, Set<string>>()
  for (const entry of live.metadata.managedFields ?? []) {
    if (isOwn(entry, manager) || entry.fieldsV1 === undefined) continue
    const held = paths.get(entry.manager) ?? new Set()
    for (const path of different(live, wish, entry.fieldsV1, '')) held.add(path)
    if (held.size > 0) paths.set(entry.manager, held)
  }
  return [...paths].map(([name, held]) => ({ manager: name, paths: [...held].sort() }))
}

function isOwn({ manager, operation, subresource = '' }: ManagedFieldsEntry, name: string): boolean {
  return manager === name && operation === 'Apply' && subresource === ''
}

/** Paths below `path` that are owned, wished for, and not as wished. */
function different(live: unknown, wish: unknown, fields: FieldSet, path: string): readonly string[] {
  const steps = Object.entries(fields).filter(([step]) => step !== '.')
  if (steps.length === 0) return equal(live, wish) ? [] : [path]
  return steps.flatMap(([step, below]) => {
    const wished = at(wish, step)
    return wished === undefined ? [] : different(at(live, step), wished, below, path + shown(step))
  })
}

function at(value: unknown, step: string): unknown {
  if (step.startsWith('f:')) return isRecord(value) ? value[step.slice(2)] : undefined
  return Array.isArray(value) ? itemOf(value, step) : undefined
}

function shown(step: string): string {
  if (step.startsWith('f:')) return `.${step.slice(2)}`
  const value: unknown = JSON.parse(step.slice(2))
  if (!isRecord(value)) return `[=${JSON.stringify(value)}]`
  const keys = Object.entries(value).map(([name, key]) => `${name}=${JSON.stringify(key)}`)
  return `[${keys.sort().join(',')}]`
}
