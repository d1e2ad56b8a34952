/** RFC 3339 in whole seconds, as Kubernetes writes instants. */
export function instantOf(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}
