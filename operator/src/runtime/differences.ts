/** Where a live object says something else than a wish, in the paths of a manifest. Pure. */
import type { KubernetesObject } from './object.ts'
import { contains, isRecord } from './fieldValues.ts'
import { ownable } from './managedFields.ts'

export interface Difference {
  /** `spec.template.spec.containers[worker].image`. */
  readonly path: string
  /** What is there instead; `undefined` when nothing is. */
  readonly live: unknown
}

/** In the order of the wish; what the live object holds beyond it does not count. */
export function differences(live: KubernetesObject, desired: KubernetesObject): readonly Difference[] {
  return below(live, ownable(desired), '')
}

function below(live: unknown, wish: unknown, path: string): readonly Difference[] {
  if (contains(live, wish)) return []
  if (isRecord(wish) && isRecord(live))
    return Object.entries(wish).flatMap(([name, value]) =>
      below(live[name], value, path === '' ? name : `${path}.${name}`),
    )
  if (isNamed(wish) && Array.isArray(live))
    return wish.flatMap((item) =>
      below(
        live.find((other) => isRecord(other) && other['name'] === item.name),
        item,
        `${path}[${item.name}]`,
      ),
    )
  return [{ path, live }]
}

function isNamed(list: unknown): list is readonly { readonly name: string }[] {
  return Array.isArray(list) && list.every((item) => isRecord(item) && typeof item['name'] === 'string')
}

/** `spec.replicas to 3`, cut where it is long: what is there may be anything. */
export function told({ path, live }: Difference): string {
  if (live === undefined) return `${path} to nothing`
  const text = typeof live === 'string' ? live : JSON.stringify(live)
  return `${path} to ${text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text}`
}

const LONGEST_VALUE = 80
