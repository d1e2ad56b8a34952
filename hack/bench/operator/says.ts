/** Whether an object says everything that is desired; the server's defaults may be there besides. Pure. */
export function says(live: unknown, desired: unknown): boolean {
  if (Array.isArray(desired))
    return (
      Array.isArray(live) &&
      live.length === desired.length &&
      desired.every((each, index) => says(live[index], each))
    )
  if (typeof desired !== 'object' || desired === null) return live === desired
  if (typeof live !== 'object' || live === null) return false
  const fields = new Map(Object.entries(live))
  return Object.entries(desired).every(([name, value]) => says(fields.get(name), value))
}
