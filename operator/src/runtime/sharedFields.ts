/**
 * Objects that were made alike have the same fields, so they can hold one copy of who owns them: of what is kept of a
 * Deployment that is more than a third. Only what names the owner of an object differs.
 */
import type { FieldSet, KubernetesObject } from './object.ts'
import { Recent } from './recent.ts'

const MOST_REMEMBERED = 500
/** What is larger is hardly made twice, and would be remembered for nothing. */
const LONGEST = 4_096

export class SharedFields {
  readonly #known = new Recent<string, FieldSet>(MOST_REMEMBERED)

  /** @returns the object with those parts of its `managedFields` that are known already. */
  share(object: KubernetesObject): KubernetesObject {
    const { managedFields } = object.metadata
    if (managedFields === undefined) return object
    const shared = managedFields.map(({ fieldsV1, ...entry }) => ({
      ...entry,
      ...(fieldsV1 && { fieldsV1: this.#parts(fieldsV1) }),
    }))
    return { ...object, metadata: { ...object.metadata, managedFields: shared } }
  }

  #parts(fields: FieldSet): FieldSet {
    const parts = Object.entries(fields).map(([step, below]) => [
      step,
      step === 'f:metadata' ? this.#parts(below) : this.#one(below),
    ])
    return Object.fromEntries(parts) as FieldSet
  }

  #one(fields: FieldSet): FieldSet {
    const text = JSON.stringify(fields)
    const known = this.#known.get(text)
    if (known) return known
    if (text.length <= LONGEST) this.#known.set(text, fields)
    return fields
  }
}
