/** Kubernetes objects as they travel: raw JSON, unknown fields and all. */

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** Who applied or updated which fields (`fieldsV1`), as the API server keeps it. */
export interface ManagedFieldsEntry {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion?: string
  readonly subresource?: string
  /** When it last changed, RFC 3339. */
  readonly time?: string
  readonly fieldsV1?: FieldSet
}

/** A node of `fieldsV1`: `f:name`, `k:{…}`, `v:…` or `.` → what lies below. */
export interface FieldSet {
  readonly [step: string]: FieldSet
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  readonly managedFields?: readonly ManagedFieldsEntry[]
}

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** A kind as the API addresses it. */
export interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** Its definition may be missing, or come later: until then there are none. */
  readonly optional?: true
}

/** `namespace/name`, or `name` for what has no namespace. */
export function keyOf({ metadata }: KubernetesObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

export function joinKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** The path of a collection, an object or a subresource. */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.apiVersion.includes('/')
    ? `/apis/${resource.apiVersion}`
    : `/api/${resource.apiVersion}`
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''
  const tail = [name, subresource].filter((part) => part !== undefined).map((part) => `/${part}`)
  return `${root}${scope}/${resource.plural}${tail.join('')}`
}

export function controllerOf({ metadata }: KubernetesObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

/**
 * Orders two resource versions of one resource: decimal numbers of any length
 * (apimachinery `resourceversion.CompareResourceVersion`).
 */
export function compareResourceVersions(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : left > right ? 1 : 0
}
