/** Merge patches of a spec (RFC 7396), as values. */

/** A patch of one field. @param path with dots */
export function at(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((below, name) => ({ [name]: below }), value) as object
}

/** @param exclusive names whose value takes the place of the one before, whole */
export function merged(left: object, right: object, exclusive: readonly string[] = []): object {
  const all = { ...left } as Record<string, unknown>
  for (const [name, value] of Object.entries(right) as [string, unknown][]) {
    const before = all[name]
    const isJoined = isObject(before) && isObject(value) && !exclusive.includes(name)
    all[name] = isJoined ? merged(before, value, exclusive) : value
  }
  return all
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
