/** RFC 3339 in whole seconds. */
export function instant(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}
