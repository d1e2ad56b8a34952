/** What one reflector knows: projected objects by key, with our own writes laid over until the watch passes them. */
import type { KubernetesObject } from './object.ts'
import { compareResourceVersions, controllerOf, keyOf } from './object.ts'
import { Recent } from './recent.ts'

export type Change =
  | {
      readonly type: 'added' | 'updated'
      readonly object: KubernetesObject
      readonly before?: KubernetesObject
    }
  | { readonly type: 'deleted'; readonly object: KubernetesObject }

/** Keeps what the components read, and of the metadata uid and version; `undefined` drops the object. */
export type Project = (raw: KubernetesObject) => KubernetesObject | undefined

/** How many deletions are remembered, so that what comes late does not bring an object back. */
const MOST_GRAVES = 4_096

export class Store {
  readonly #project: Project
  readonly #objects = new Map<string, KubernetesObject>()
  readonly #byOwner = new Map<string, Set<string>>()
  /** Resource version of our own last write by key, until the watch has caught up with it. */
  readonly #written = new Map<string, string>()
  /** Resource version of the deletion by uid. */
  readonly #graves = new Recent<string, string>(MOST_GRAVES)
  /** Version of the last complete list: what it does not have and is no newer is not there. */
  #listed = ''

  constructor(project: Project = (raw) => raw) {
    this.#project = project
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): KubernetesObject | undefined {
    return this.#objects.get(key)
  }

  values(): Iterable<KubernetesObject> {
    return this.#objects.values()
  }

  /** Objects whose controller has this uid. */
  controlledBy(uid: string): readonly KubernetesObject[] {
    return [...(this.#byOwner.get(uid) ?? [])].flatMap((key) => this.#objects.get(key) ?? [])
  }

  /** What is kept of an object; what is known already is not projected again. */
  keep(raw: KubernetesObject): KubernetesObject | undefined {
    const known = this.#objects.get(keyOf(raw))
    return known && isSame(raw, known) ? known : this.#project(raw)
  }

  /**
   * Takes an object from the watch.
   * @returns what changed; nothing for the echo of an own write and for what is older than what is known.
   */
  observe(raw: KubernetesObject): readonly Change[] {
    const key = keyOf(raw)
    const before = this.#objects.get(key)
    if (this.#isOutdated(raw, before)) return []
    this.#written.delete(key)
    return this.#put(key, this.keep(raw), before)
  }

  /** Lays the answer to an own write over what is known: the next read sees it, its echo is silent. */
  overlay(raw: KubernetesObject): void {
    const key = keyOf(raw)
    const version = raw.metadata.resourceVersion
    const known = this.#objects.get(key)
    if (version === undefined || this.#isOutdated(raw, known) || (known && !isOlder(known, raw))) return
    this.#put(key, this.#project(raw), known)
    if (this.#objects.has(key)) this.#written.set(key, version)
  }

  remove(raw: KubernetesObject): readonly Change[] {
    const key = keyOf(raw)
    const before = this.#objects.get(key)
    this.#bury(raw.metadata.uid, raw.metadata.resourceVersion)
    // A late deletion of an object that has a successor under its name, or that has meanwhile got its labels back.
    if (!before || before.metadata.uid !== raw.metadata.uid || isOlder(raw, before)) return []
    this.#delete(key, before)
    return [{ type: 'deleted', object: before }]
  }

  /**
   * Replaces everything by a complete list of what `keep` gave.
   * @param version of the list; what we wrote ourselves after it stays.
   */
  replace(list: readonly KubernetesObject[], version: string): readonly Change[] {
    this.#listed = version
    // Only a server that was restored lists what is older than a deletion: the deletion did not happen there.
    this.#graves.deleteWhere((grave) => compareResourceVersions(grave, version) > 0)
    const present = new Set(list.map(keyOf))
    const gone = [...this.#objects].filter(
      ([key]) => !present.has(key) && !this.#isWrittenAfter(key, version),
    )
    const deletions = gone.map(([key, object]): Change => {
      this.#bury(object.metadata.uid, version)
      this.#delete(key, object)
      return { type: 'deleted', object }
    })
    return [...deletions, ...list.flatMap((object) => this.#relist(object, version))]
  }

  /** The kind is not served any more: nothing of it is left, and what comes later has nothing to do with it. */
  clear(): readonly Change[] {
    const gone = [...this.#objects]
    for (const [key, object] of gone) this.#delete(key, object)
    this.#listed = ''
    this.#graves.deleteWhere(() => true)
    return gone.map(([, object]) => ({ type: 'deleted', object }))
  }

  /** A list is believed even where it goes back in time: the server may have been restored. */
  #relist(object: KubernetesObject, version: string): readonly Change[] {
    const key = keyOf(object)
    if (this.#isWrittenAfter(key, version)) return []
    this.#written.delete(key)
    return this.#put(key, object, this.#objects.get(key))
  }

  #isWrittenAfter(key: string, version: string): boolean {
    const written = this.#written.get(key)
    return written !== undefined && compareResourceVersions(written, version) > 0
  }

  #bury(uid: string | undefined, version: string | undefined): void {
    if (uid === undefined || version === undefined) return
    const grave = this.#graves.get(uid)
    if (grave === undefined || compareResourceVersions(grave, version) < 0) this.#graves.set(uid, version)
  }

  /** Whether something later is known: of the object, of its deletion, or of all that there is. */
  #isOutdated(raw: KubernetesObject, known: KubernetesObject | undefined): boolean {
    const { uid = '', resourceVersion: version } = raw.metadata
    if (version === undefined) return false
    const grave = this.#graves.get(uid)
    if (grave !== undefined && compareResourceVersions(version, grave) <= 0) return true
    return known ? isOlder(raw, known) : compareResourceVersions(version, this.#listed) <= 0
  }

  #put(
    key: string,
    object: KubernetesObject | undefined,
    before: KubernetesObject | undefined,
  ): readonly Change[] {
    if (!object) {
      if (!before) return []
      this.#delete(key, before)
      return [{ type: 'deleted', object: before }]
    }
    this.#index(key, object, before)
    this.#objects.set(key, object)
    if (!before) return [{ type: 'added', object }]
    if (before.metadata.uid === object.metadata.uid) {
      const unchanged = before.metadata.resourceVersion === object.metadata.resourceVersion
      return unchanged ? [] : [{ type: 'updated', object, before }]
    }
    // Deleted and made again under the same name while nobody looked.
    return [
      { type: 'deleted', object: before },
      { type: 'added', object },
    ]
  }

  #delete(key: string, object: KubernetesObject): void {
    this.#objects.delete(key)
    this.#written.delete(key)
    this.#unindex(key, object)
  }

  #index(key: string, object: KubernetesObject, before: KubernetesObject | undefined): void {
    if (before) this.#unindex(key, before)
    const uid = controllerOf(object)?.uid
    if (uid === undefined) return
    const keys = this.#byOwner.get(uid) ?? new Set()
    this.#byOwner.set(uid, keys.add(key))
  }

  #unindex(key: string, object: KubernetesObject): void {
    const uid = controllerOf(object)?.uid
    const keys = uid === undefined ? undefined : this.#byOwner.get(uid)
    if (uid === undefined || !keys) return
    keys.delete(key)
    if (keys.size === 0) this.#byOwner.delete(uid)
  }
}

function isSame(left: KubernetesObject, right: KubernetesObject): boolean {
  const { uid, resourceVersion } = left.metadata
  return (
    resourceVersion !== undefined &&
    resourceVersion === right.metadata.resourceVersion &&
    uid === right.metadata.uid
  )
}

/** Versions of one resource are comparable across its objects. */
function isOlder(left: KubernetesObject, right: KubernetesObject): boolean {
  const [older, newer] = [left.metadata.resourceVersion, right.metadata.resourceVersion]
  return older !== undefined && newer !== undefined && compareResourceVersions(older, newer) < 0
}
