/**
 * Remembers what was applied to objects that hold more than was wished for inside an atomic field. That may be a
 * default of the server's or a wish of ours that we gave up, and only an apply tells which. As long as the field is
 * ours nobody else has changed it, so one apply for each wish is enough.
 */
import { createHash } from 'node:crypto'
import type { KubernetesObject } from './object.ts'
import { Recent } from './recent.ts'

const MOST_REMEMBERED = 50_000

export class Settled {
  readonly #wishes = new Recent<string, string>(MOST_REMEMBERED)

  has(live: KubernetesObject, desired: KubernetesObject): boolean {
    return this.#wishes.get(live.metadata.uid ?? '') === digestOf(desired)
  }

  add(live: KubernetesObject, desired: KubernetesObject): void {
    const { uid } = live.metadata
    if (uid !== undefined) this.#wishes.set(uid, digestOf(desired))
  }
}

/** Of a value that JSON can carry. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64')
}
