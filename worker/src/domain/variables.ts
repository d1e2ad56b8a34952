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
  return Object.entries(variables).flatMap(([name, value]) => faultsOf(name, value, []))
}

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
  // Beyond 2^53 JSON.parse gives a neighbour of the number that was written (RFC 8259 §6).
  if (typeof value === 'number' && isRounded(value)) return [{ path, code: 'unsafe_integer' }]
  return isStorable(String(value)) ? [] : [{ path, code: 'invalid_character' }]
}

/** What is too large for any number of JavaScript becomes infinite. */
const isRounded = (value: number): boolean =>
  !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()
