/** Whether what is in the cluster says what was wished. Pure. */
import type { KubernetesObject } from '../../runtime/object.ts'

/** What a live object holds beyond the wish does not count: defaults of the server, labels of others. */
export function agrees(live: KubernetesObject, wish: KubernetesObject): boolean {
  const { labels, annotations } = wish.metadata
  return contains(live, { ...wish, metadata: { labels, annotations } })
}

function contains(live: unknown, wish: unknown): boolean {
  if (Array.isArray(wish)) return Array.isArray(live) && containsItems(live, wish)
  if (!isRecord(wish)) return live === wish
  return isRecord(live) && Object.entries(wish).every(([name, value]) => isThere(live[name], value))
}

const isThere = (live: unknown, wish: unknown): boolean => wish === undefined || contains(live, wish)

/** Groups of rules are told apart by their names, and others may add some. */
function containsItems(live: readonly unknown[], wish: readonly unknown[]): boolean {
  if (wish.length > 0 && wish.every(isNamed))
    return wish.every((item) =>
      contains(
        live.find((other) => isNamed(other) && other['name'] === item['name']),
        item,
      ),
    )
  return live.length === wish.length && wish.every((item, index) => contains(live[index], item))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNamed(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && typeof value['name'] === 'string'
}
