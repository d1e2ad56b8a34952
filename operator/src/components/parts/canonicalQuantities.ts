/** Quantities of manifests in the server's form, so that a wish compares with what is there. Pure. */
import type { KubernetesObject } from '../../runtime/object.ts'
import { canonicalQuantity } from '../../../../crds/quantity.ts'

/** Every quantity of a manifest in the server's form: resource lists, limits of volumes, targets of an autoscaler. */
export function withCanonicalQuantities<Shape extends KubernetesObject>(manifest: Shape): Shape {
  return canonical(manifest, '') as Shape
}

function canonical(value: unknown, within: string): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item, within))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, below]) => [name, canonicalField(name, below as unknown, within)]),
  )
}

function canonicalField(name: string, value: unknown, within: string): unknown {
  if (within === 'resources' && (name === 'limits' || name === 'requests')) return resourceList(value)
  if (name === 'sizeLimit') return canonicalQuantity(value)
  if (within === 'target' && (name === 'averageValue' || name === 'value')) return canonicalQuantity(value)
  return canonical(value, name)
}

function resourceList(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, amount]) => [name, canonicalQuantity(amount, 'milli')]),
  )
}
