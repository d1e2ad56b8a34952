/**
 * Who else uses what a BatchSender uses: everything that the operator looks after, compared by where it is. Addresses of
 * databases stand in Secrets: only their fingerprints are kept, under a key that this process makes for itself.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { Place } from '../vocabulary/places.ts'
import type { ReferenceFacts, Sender, Share } from '../components/snapshot.ts'
import { joinKey } from '../runtime/object.ts'
import { databasesOf, isSamePlace } from '../vocabulary/places.ts'

export interface SharingOptions {
  readonly clusterDomain: string
  readonly placesOf: (
    sender: Sender,
    references: ReadonlyMap<string, ReferenceFacts>,
    clusterDomain: string,
  ) => readonly Place[]
  /** Of every BatchSender that there is. */
  readonly keys: () => Iterable<string>
  /** What is said of it may have to change. */
  readonly enqueue: (key: string) => void
}

export class Sharing {
  readonly #options: SharingOptions
  readonly #secret = randomBytes(32)
  /** Of everybody who was looked at since the start. */
  readonly #places = new Map<string, readonly Place[]>()
  readonly #users = new Map<string, Set<string>>()
  /** Told while not everybody had been looked at. */
  readonly #provisional = new Set<string>()

  constructor(options: SharingOptions) {
    this.#options = options
  }

  /** Fingerprints of the databases that an address may mean, seen from a namespace. */
  databases(url: string, namespace: string): readonly string[] {
    return databasesOf(url, namespace, this.#options.clusterDomain).map((database) =>
      createHmac('sha256', this.#secret).update(database).digest('hex').slice(0, 32),
    )
  }

  /** Notes where it keeps things. @returns with whom it shares, sorted */
  of(sender: Sender, references: ReadonlyMap<string, ReferenceFacts>): readonly Share[] {
    const key = joinKey(sender.namespace, sender.name)
    const others = this.#note(key, this.#options.placesOf(sender, references, this.#options.clusterDomain))
    const seen = others.map(({ what, who }): Share => ({ what, with: nameFor(sender, who) }))
    if (this.#isComplete()) return sorted(seen)
    // Whom it shared with before the start may not have been looked at yet.
    this.#provisional.add(key)
    const told = sender.status.evidence?.shared ?? []
    return sorted([...seen, ...told.flatMap((one) => one.with.map((who) => ({ what: one.what, with: who })))])
  }

  /** @param key `namespace/name` */
  forget(key: string): void {
    this.#note(key, [])
    this.#isComplete()
  }

  #note(key: string, places: readonly Place[]) {
    const before = this.#othersAt(key, this.#places.get(key) ?? [])
    for (const { at } of this.#places.get(key) ?? []) this.#users.get(at)?.delete(key)
    this.#places.set(key, places)
    for (const { at } of places) this.#users.set(at, (this.#users.get(at) ?? new Set()).add(key))
    const after = this.#othersAt(key, places)
    const words = (all: typeof after) => new Set(all.map(({ what, who }) => `${what} ${who}`))
    const [was, is] = [words(before), words(after)]
    for (const { what, who } of [...before, ...after])
      if (was.has(`${what} ${who}`) !== is.has(`${what} ${who}`)) this.#options.enqueue(who)
    return after
  }

  #othersAt(key: string, places: readonly Place[]) {
    return places.flatMap((place) =>
      [...(this.#users.get(place.at) ?? [])]
        .filter((who) => who !== key && this.#places.get(who)?.some((one) => isSamePlace(one, place)))
        .map((who) => ({ what: place.what, who })),
    )
  }

  #isComplete(): boolean {
    for (const key of this.#options.keys()) if (!this.#places.has(key)) return false
    for (const key of this.#provisional) this.#options.enqueue(key)
    this.#provisional.clear()
    return true
  }
}

/** Tenants learn nothing of each other. */
function nameFor({ namespace }: Sender, who: string): string {
  return who.startsWith(`${namespace}/`) ? who : 'a BatchSender of another namespace'
}

function sorted(shares: readonly Share[]): readonly Share[] {
  const unique = new Map(shares.map((share) => [`${share.what} ${share.with}`, share]))
  return [...unique].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, share]) => share)
}
