/** How values compare under the rules of server-side apply, and which item of a list is meant. Pure. */

/** The item that a step of a list means. */
export function itemOf(list: readonly unknown[], step: string): unknown {
  const value: unknown = JSON.parse(step.slice(2))
  if (step.startsWith('v:') || !isRecord(value)) return list.find((item) => equal(item, value))
  const has = (item: unknown, isLeftOut: (field: unknown) => boolean) =>
    isRecord(item) &&
    Object.entries(value).every(([field, key]) => isLeftOut(item[field]) || equal(item[field], key))
  // A wish may leave a key field to its default, such as a port's protocol.
  return list.find((item) => has(item, () => false)) ?? list.find((item) => has(item, isAbsent))
}

/** Equal where the wish says something; the server adds defaults inside what is atomic. */
export function contains(live: unknown, wish: unknown): boolean {
  if (live === undefined || live === null) return isZero(wish)
  if (Array.isArray(wish))
    return (
      Array.isArray(live) &&
      live.length === wish.length &&
      wish.every((item, index) => contains(live[index], item))
    )
  if (!isRecord(wish)) return live === wish
  return isRecord(live) && Object.entries(wish).every(([name, value]) => contains(live[name], value))
}

/** Equal in everything, where what is left out counts as nothing. */
export function equal(live: unknown, wish: unknown): boolean {
  if (live === wish) return true
  if (live === undefined || live === null) return isZero(wish)
  if (Array.isArray(live))
    return (
      Array.isArray(wish) &&
      live.length === wish.length &&
      live.every((item, index) => equal(item, wish[index]))
    )
  if (!isRecord(live) || !isRecord(wish)) return false
  return Object.keys({ ...live, ...wish }).every((name) => equal(live[name], wish[name]))
}

function isAbsent(value: unknown): boolean {
  return value === undefined
}

/** What the server leaves out of its answer although it was set: the zero values of its types. */
function isZero(value: unknown): boolean {
  return (
    value === undefined || value === null || value === false || value === 0 || value === '' || isEmpty(value)
  )
}

/** What an apply of an empty value leaves without an owner. */
export function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isRecord(value) && Object.keys(value).length === 0
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
