/** What a recipient brings for the placeholders of a batch. */

export type Scalar = string | number | boolean

/** An item of a list: a value, or values by name. */
export type Item = Scalar | Readonly<Record<string, Scalar>>

export type Value = Scalar | readonly Item[]

export type Variables = Readonly<Record<string, Value>>

export const isList = (value: Value | undefined): value is readonly Item[] => Array.isArray(value)

export interface FaultyVariable {
  /** Names and positions that lead to it. */
  readonly path: readonly (string | number)[]
  readonly code: 'unsafe_integer' | 'invalid_character'
}

/** What no schema says of them: one fault for each value. */
export function variableFaults(variables: Variables): readonly FaultyVariable[] {
  // Of a great many recipients nearly all are fine.
  for (const name in variables)
    if (!isPlain(variables[name]) || !isStorable(name))
      return Object.entries(variables).flatMap(([key, value]) => faultsOf(key, value, []))
  return []
}

const isPlain = (value: Value | undefined): boolean =>
  typeof value === 'string' ? isStorable(value) : typeof value !== 'object' && !isRounded(value)

/** Beyond 2^53 JSON.parse gives a neighbour of the number that was written (RFC 8259 §6), and beyond all an infinite one. */
const isRounded = (value: unknown): boolean =>
  typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)

function faultsOf(
  name: string | number,
  value: Value | Item,
  above: FaultyVariable['path'],
): readonly FaultyVariable[] {
  const path = [...above, name]
  if (typeof name === 'string' && !isStorable(name)) return [{ path: above, code: 'invalid_character' }]
  if (typeof value === 'object') {
    const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
    return inner.flatMap(([key, item]: readonly [string | number, Item]) => faultsOf(key, item, path))
  }
  if (isRounded(value)) return [{ path, code: 'unsafe_integer' }]
  return isStorable(String(value)) ? [] : [{ path, code: 'invalid_character' }]
}

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()
