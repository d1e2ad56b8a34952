/** Gathers the initial events of a streaming list: the latest version of each object counts, however they come. */
import type { KubernetesObject } from './object.ts'
import type { WatchEvent } from './watchEvents.ts'
import { compareResourceVersions, keyOf } from './object.ts'

export class Listing {
  readonly #keep: (raw: KubernetesObject) => KubernetesObject | undefined
  /** What is deleted stays as a version without an object. */
  readonly #latest = new Map<string, { readonly version: string; readonly kept?: KubernetesObject }>()

  /** @param keep makes of an object what is held of it, at once: raw lists are large. */
  constructor(keep: (raw: KubernetesObject) => KubernetesObject | undefined) {
    this.#keep = keep
  }

  take({ type, object }: WatchEvent): void {
    const key = keyOf(object)
    const version = object.metadata.resourceVersion ?? ''
    const known = this.#latest.get(key)
    if (known && compareResourceVersions(version, known.version) <= 0) return
    const kept = type === 'DELETED' ? undefined : this.#keep(object)
    this.#latest.set(key, { version, ...(kept && { kept }) })
  }

  /** What there is once the list is complete. */
  items(): readonly KubernetesObject[] {
    return [...this.#latest.values()].flatMap(({ kept }) => kept ?? [])
  }
}
