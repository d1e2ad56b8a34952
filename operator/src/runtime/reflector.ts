/** Keeps a Store equal to what the API server has, through every fault, until it is told to stop. */
import type { Metrics } from './metrics.ts'
import type { Change, Store } from './store.ts'
import type { KubernetesObject, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import type { WatchEvent } from './watchEvents.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, retryAfterMs } from './errors.ts'
import { pathOf } from './object.ts'
import { pagedList } from './pagedList.ts'
import { watchdog } from './watchdog.ts'
import { watchEvents } from './watchEvents.ts'

export interface ReflectorOptions {
  readonly transport: Transport
  readonly resource: Resource
  readonly store: Store
  readonly namespace?: string
  readonly labelSelector?: string
  readonly onChange: (change: Change, initial: boolean) => void
  readonly onError?: (error: unknown) => void
  readonly metrics?: Pick<Metrics, 'relists' | 'watchErrors' | 'lastEventAt'>
  readonly random?: () => number
  /** Bookmarks come every 60 s and the server keeps 75 s of events. */
  readonly inactivityMs?: number
  readonly firstBackoffMs?: number
  readonly longestBackoffMs?: number
}

/** A watch that lived this long was healthy: the next fault starts with a short pause again. */
const HEALTHY_AFTER_MS = 120_000

/** A watch that ends sooner without a word was not served: asking again at once would be a storm. */
const SHORT_WATCH_MS = 1_000

/** What the server says when a resource version is too old to watch from. */
class Expired extends Error {}

export class Reflector {
  readonly #options: ReflectorOptions
  readonly #synced = Promise.withResolvers<undefined>()
  #isSynced = false
  #resourceVersion = ''
  /** The server refused or cut short a streaming list: pages from now on. */
  #paged = false

  constructor(options: ReflectorOptions) {
    this.#options = options
  }

  /** Resolves when the first complete list is in the store. */
  get synced(): Promise<undefined> {
    return this.#synced.promise
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  /** Runs until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { random = Math.random, firstBackoffMs = 800, longestBackoffMs = 30_000 } = this.#options
    let backoffMs = firstBackoffMs
    while (!signal.aborted) {
      const startedAt = performance.now()
      const askedMs = await this.#attempt(signal)
      if (isAborted(signal)) return
      if (askedMs === undefined || performance.now() - startedAt > HEALTHY_AFTER_MS)
        backoffMs = firstBackoffMs
      if (askedMs === undefined) continue
      await sleep(askedMs + backoffMs * random(), undefined, { signal }).catch(() => undefined)
      backoffMs = Math.min(backoffMs * 2, longestBackoffMs)
    }
  }

  /** @returns after a fault, how long the server asked us to wait at least; `undefined` after a clean end. */
  async #attempt(signal: AbortSignal): Promise<number | undefined> {
    const { onError, metrics, resource } = this.#options
    try {
      await this.#once(signal)
      return undefined
    } catch (error) {
      if (signal.aborted) return undefined
      if (error instanceof Expired) this.#resourceVersion = ''
      metrics?.watchErrors.inc({ kind: resource.kind })
      onError?.(error)
      return retryAfterMs(error)
    }
  }

  /** One watch from where we stand, with a complete list before it when we stand nowhere. */
  async #once(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== '') return this.#watch(signal, undefined)
    if (this.#paged) {
      const { items, version } = await pagedList(this.#options, signal)
      this.#replace(items, version)
      return this.#watch(signal, undefined)
    }
    return this.#watch(signal, new Map())
  }

  /** @param listing collects the initial events of a streaming list until the bookmark that ends it. */
  async #watch(signal: AbortSignal, listing: Map<string, KubernetesObject> | undefined): Promise<void> {
    const { transport, resource, namespace, inactivityMs = 72_500 } = this.#options
    const dog = watchdog(signal, inactivityMs)
    const startedAt = performance.now()
    let initial = listing
    let events = 0
    try {
      const body = await this.#open(transport, pathOf(resource, namespace), listing !== undefined, dog.signal)
      for await (const event of watchEvents(body)) {
        dog.feed()
        events += 1
        initial = this.#take(event, initial)
      }
    } catch (error) {
      throw dog.fault() ?? error
    } finally {
      dog.stop()
    }
    if (initial) {
      // Either cut short, or by a server that is too old to end it with a bookmark; pages serve in both cases.
      this.#paged = true
      throw new Error(`the list of ${resource.plural} ended before it was complete`)
    }
    if (events === 0 && performance.now() - startedAt < SHORT_WATCH_MS)
      throw new Error(`a watch of ${resource.plural} ended at once`)
  }

  async #open(transport: Transport, path: string, streaming: boolean, signal: AbortSignal) {
    const { random = Math.random, labelSelector } = this.#options
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(Math.round(300 + 300 * random())),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(streaming
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: this.#resourceVersion }),
    }
    try {
      return await transport.stream(path, query, signal)
    } catch (error) {
      if (streaming && error instanceof ApiError && (error.status === 422 || error.status === 400))
        this.#paged = true
      throw isExpired(error) ? new Expired('the resource version is too old', { cause: error }) : error
    }
  }

  #take(
    event: WatchEvent,
    initial: Map<string, KubernetesObject> | undefined,
  ): Map<string, KubernetesObject> | undefined {
    this.#options.metrics?.lastEventAt.set({ kind: this.#options.resource.kind }, Date.now() / 1000)
    if (event.type === 'ERROR') {
      const error = new ApiError(statusCode(event.object), event.object)
      throw isExpired(error) ? new Expired(error.message, { cause: error }) : error
    }
    if (initial) return this.#takeInitial(event, initial)
    const { object, type } = event
    const { store } = this.#options
    if (type === 'DELETED') this.#emit(store.remove(object), false)
    else if (type !== 'BOOKMARK') this.#emit(store.observe(object), false)
    // Only now: what could not be taken is asked for again.
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion
    return undefined
  }

  #takeInitial(
    event: WatchEvent,
    initial: Map<string, KubernetesObject>,
  ): Map<string, KubernetesObject> | undefined {
    const { metadata } = event.object
    if (event.type !== 'BOOKMARK') collect(initial, event)
    else if (metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
      this.#replace([...initial.values()], metadata.resourceVersion ?? '')
      return undefined
    }
    return initial
  }

  #replace(items: readonly KubernetesObject[], version: string): void {
    const { store, metrics, resource } = this.#options
    metrics?.relists.inc({ kind: resource.kind })
    this.#resourceVersion = version
    this.#emit(store.replace(items, version), true)
    this.#isSynced = true
    this.#synced.resolve(undefined)
  }

  #emit(changes: readonly Change[], initial: boolean): void {
    for (const change of changes) this.#options.onChange(change, initial)
  }
}

function collect(initial: Map<string, KubernetesObject>, { type, object }: WatchEvent): void {
  const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
  if (type === 'DELETED') initial.delete(key)
  else initial.set(key, object)
}

function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired')
}

function statusCode(status: KubernetesObject): number {
  const code = status['code']
  return typeof code === 'number' ? code : 500
}

/** Asked through a function: the compiler would take the signal for unchanged since the loop's condition. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
