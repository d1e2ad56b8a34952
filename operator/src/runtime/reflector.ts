/** Keeps a Store equal to what the API server has, through every fault, until it is told to stop. */
import type { Metrics } from './metrics.ts'
import type { Change, Store } from './store.ts'
import type { KubernetesObject, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import type { WatchEvent } from './watchEvents.ts'
import { setImmediate as turn } from 'node:timers/promises'
import { Contact, type ContactMetrics } from './contact.ts'
import { errorOf, isExpired, isUnknownKind, isUnknownQuery, retryAfterMs } from './errors.ts'
import { Knowledge } from './knowledge.ts'
import { Listing } from './listing.ts'
import { compareResourceVersions, pathOf } from './object.ts'
import { pagedList } from './pagedList.ts'
import { Pause } from './pause.ts'
import { watchdog, type Limits } from './watchdog.ts'
import { watchEvents } from './watchEvents.ts'
import { watchQuery } from './watchQuery.ts'

export interface ReflectorOptions {
  readonly transport: Transport
  readonly resource: Resource
  readonly store: Store
  readonly namespace?: string
  readonly labelSelector?: string
  readonly onChange: (change: Change, initial: boolean) => void
  readonly onError?: (error: unknown) => void
  /** The server answers again after a fault. */
  readonly onReached?: () => void
  /** Whether the kind is served; told when that is known, and each time it turns. */
  readonly onServed?: (served: boolean) => void
  readonly metrics?: Pick<Metrics, 'relists' | 'watchErrors'> & ContactMetrics
  readonly random?: () => number
  /** Until a watch is answered; what comes over it may take longer. */
  readonly openingMs?: number
  /** Bookmarks come every 60 s and the server keeps 75 s of events. */
  readonly inactivityMs?: number
  readonly firstBackoffMs?: number
  readonly longestBackoffMs?: number
  /** Between two questions whether an optional kind is served by now. */
  readonly absentMs?: number
}

/** A watch that lived this long was healthy: the next fault starts with a short pause again. */
const HEALTHY_AFTER_MS = 120_000

/** A watch that ends sooner without a word was not served: asking again at once would be a storm. */
const SHORT_WATCH_MS = 1_000

/** Objects taken in one go, before others get their turn. */
const AT_ONCE = 100

export class Reflector {
  readonly #options: ReflectorOptions
  readonly #knowledge: Knowledge
  #resourceVersion = ''
  /** The server refused a streaming list, or cut short the last one: the next is asked for in pages. */
  #paged = false
  /** Streaming lists that were cut short since one came to its end. */
  #cutShort = 0
  readonly #labels: { readonly kind: string; readonly namespace: string }
  readonly #contact: Contact
  readonly #pause = new Pause()
  #failed = false
  readonly #limits: Limits

  constructor(options: ReflectorOptions) {
    this.#options = options
    const { openingMs = 15_000, inactivityMs = 72_500 } = options
    this.#limits = { openingMs, inactivityMs }
    this.#knowledge = new Knowledge(options.onServed)
    this.#labels = { kind: options.resource.kind, namespace: options.namespace ?? '' }
    this.#contact = new Contact(options.metrics, this.#labels)
    options.metrics?.relists.inc(this.#labels, 0)
    options.metrics?.watchErrors.inc(this.#labels, 0)
  }

  /** Resolves when the first complete list is in the store. */
  get synced(): Promise<undefined> {
    return this.#knowledge.synced
  }

  get isSynced(): boolean {
    return this.#knowledge.isSynced
  }

  /** Whether the server knows the kind; so until it says otherwise. */
  get isServed(): boolean {
    return this.#knowledge.isServed
  }

  /** Runs until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    this.#contact.begin()
    await this.#loop(signal)
    this.#contact.end()
  }

  /** Someone else reached the server: a pause of our own accord is over. */
  tryNow(): void {
    this.#pause.cut()
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { random = Math.random, firstBackoffMs = 800, longestBackoffMs = 30_000 } = this.#options
    let backoffMs = firstBackoffMs
    while (!signal.aborted) {
      const startedAt = performance.now()
      const askedMs = await this.#attempt(signal)
      if (isAborted(signal)) return
      if (askedMs === undefined || performance.now() - startedAt > HEALTHY_AFTER_MS)
        backoffMs = firstBackoffMs
      if (askedMs === undefined) continue
      await this.#pause.wait(askedMs, backoffMs * random(), signal)
      backoffMs = Math.min(backoffMs * 2, longestBackoffMs)
    }
  }

  /** @returns after a fault, how long the server asked us to wait at least; `undefined` after a clean end. */
  async #attempt(signal: AbortSignal): Promise<number | undefined> {
    const { onError, metrics, absentMs = 30_000 } = this.#options
    try {
      await this.#once(signal)
      return undefined
    } catch (error) {
      if (signal.aborted) return undefined
      if (this.#options.resource.optional === true && isUnknownKind(error)) {
        this.#absent()
        return absentMs
      }
      if (isExpired(error)) this.#resourceVersion = ''
      this.#failed = true
      metrics?.watchErrors.inc(this.#labels)
      onError?.(error)
      return retryAfterMs(error)
    }
  }

  /** One watch from where we stand, with a complete list before it when we stand nowhere. */
  async #once(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== '') return this.#watch(signal, undefined)
    const keep = (raw: KubernetesObject) => this.#options.store.keep(raw)
    if (!this.#paged) return this.#watch(signal, new Listing(keep))
    const { items, version } = await pagedList(this.#options, keep, signal)
    this.#replace(items, version)
    // Once may have been an accident; again, it is the server's way.
    if (this.#cutShort === 1) this.#paged = false
    return this.#watch(signal, undefined)
  }

  /** @param listing collects the initial events of a streaming list until the bookmark that ends it. */
  async #watch(signal: AbortSignal, listing: Listing | undefined): Promise<void> {
    const { transport, resource, namespace } = this.#options
    const dog = watchdog(signal, this.#limits)
    const startedAt = performance.now()
    let pending = listing
    let events = 0
    try {
      const body = await this.#open(transport, pathOf(resource, namespace), listing !== undefined, dog.signal)
      dog.feed()
      if (!listing) this.#contact.regained()
      this.#reached()
      for await (const event of watchEvents(body)) {
        dog.feed()
        events += 1
        pending = this.#take(event, pending)
        if (events % AT_ONCE === 0) await turn()
      }
    } catch (error) {
      throw dog.fault() ?? error
    } finally {
      dog.stop()
      this.#contact.lost(dog.fault() !== undefined)
    }
    if (pending) throw this.#cutOff()
    if (events === 0 && performance.now() - startedAt < SHORT_WATCH_MS)
      throw new Error(`a watch of ${resource.plural} ended at once`)
  }

  #reached(): void {
    const { onReached } = this.#options
    if (this.#failed) onReached?.()
    this.#failed = false
  }

  /** Either an accident, or a server too old to end a list with a bookmark; pages serve in both cases. */
  #cutOff(): Error {
    this.#paged = true
    this.#cutShort += 1
    return new Error(`the list of ${this.#options.resource.plural} ended before it was complete`)
  }

  async #open(transport: Transport, path: string, streaming: boolean, signal: AbortSignal) {
    const query = watchQuery(this.#options, streaming ? undefined : this.#resourceVersion)
    try {
      return await transport.stream(path, query, signal)
    } catch (error) {
      if (streaming && isUnknownQuery(error)) {
        this.#paged = true
        this.#cutShort = 0
      }
      throw error
    }
  }

  #take(event: WatchEvent, listing: Listing | undefined): Listing | undefined {
    this.#contact.heard()
    if (event.type === 'ERROR') throw errorOf(event.object)
    if (listing) return this.#takeInitial(event, listing)
    const { object, type } = event
    const { store } = this.#options
    if (type === 'DELETED') this.#emit(store.remove(object), false)
    else if (type !== 'BOOKMARK') this.#emit(store.observe(object), false)
    // Only now: what could not be taken is asked for again.
    const version = object.metadata.resourceVersion ?? ''
    if (compareResourceVersions(version, this.#resourceVersion) > 0) this.#resourceVersion = version
    return undefined
  }

  #takeInitial(event: WatchEvent, listing: Listing): Listing | undefined {
    const { metadata } = event.object
    if (event.type !== 'BOOKMARK') listing.take(event)
    else if (metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
      this.#cutShort = 0
      this.#replace(listing.items(), metadata.resourceVersion ?? '')
      return undefined
    }
    return listing
  }

  #absent(): void {
    this.#contact.regained()
    this.#reached()
    this.#resourceVersion = ''
    this.#emit(this.#options.store.clear(), false)
    this.#knowledge.note(false)
  }

  #replace(items: readonly KubernetesObject[], version: string): void {
    const { store, metrics } = this.#options
    metrics?.relists.inc(this.#labels)
    this.#contact.regained()
    this.#resourceVersion = version
    this.#emit(store.replace(items, version), true)
    this.#knowledge.note(true)
  }

  #emit(changes: readonly Change[], initial: boolean): void {
    for (const change of changes) this.#options.onChange(change, initial)
  }
}

/** Asked through a function: the compiler would take the signal for unchanged since the loop's condition. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
