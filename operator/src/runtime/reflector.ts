/** Keeps a Store equal to what the API server has, through every fault, until it is told to stop. */
import type { Metrics } from './metrics.ts'
import type { Change, Store } from './store.ts'
import type { KubernetesObject, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import type { WatchEvent } from './watchEvents.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from './errors.ts'
import { pathOf } from './object.ts'
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
}

const PAGE = '500'
const LONGEST_BACKOFF_MS = 30_000
/** A watch that lived this long was healthy: the next fault starts with a short pause again. */
const HEALTHY_AFTER_MS = 120_000

/** What the server says when a resource version is too old to watch from. */
class Expired extends Error {}

export class Reflector {
  readonly #options: ReflectorOptions
  readonly #synced = Promise.withResolvers<undefined>()
  #isSynced = false
  #resourceVersion = ''
  /** The server refused a streaming list once: it is older than that. */
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
    const { random = Math.random, firstBackoffMs = 800, onError, metrics, resource } = this.#options
    let backoffMs = firstBackoffMs
    while (!signal.aborted) {
      const startedAt = performance.now()
      try {
        await this.#once(signal)
        backoffMs = firstBackoffMs
        continue
      } catch (error) {
        if (isAborted(signal)) return
        if (error instanceof Expired) this.#resourceVersion = ''
        metrics?.watchErrors.inc({ kind: resource.kind })
        onError?.(error)
      }
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) backoffMs = firstBackoffMs
      await sleep(backoffMs * random(), undefined, { signal }).catch(() => undefined)
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS)
    }
  }

  /** One watch from where we stand, with a complete list before it when we stand nowhere. */
  async #once(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== '') return this.#watch(signal, undefined)
    if (this.#paged) {
      await this.#list(signal)
      return this.#watch(signal, undefined)
    }
    return this.#watch(signal, new Map())
  }

  /** @param listing collects the initial events of a streaming list until the bookmark that ends it. */
  async #watch(signal: AbortSignal, listing: Map<string, KubernetesObject> | undefined): Promise<void> {
    const { transport, resource, namespace, inactivityMs = 72_500 } = this.#options
    const dog = watchdog(signal, inactivityMs)
    let initial = listing
    try {
      const body = await this.#open(transport, pathOf(resource, namespace), listing !== undefined, dog.signal)
      for await (const event of watchEvents(body)) {
        dog.feed()
        initial = this.#take(event, initial)
      }
    } catch (error) {
      throw dog.fault ?? error
    } finally {
      dog.stop()
    }
    if (initial) throw new Error(`the list of ${resource.plural} ended before it was complete`)
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
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion
    const { store } = this.#options
    if (type === 'DELETED') this.#emit(store.remove(object), false)
    else if (type !== 'BOOKMARK') this.#emit(store.observe(object), false)
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

  async #list(signal: AbortSignal): Promise<void> {
    const { transport, resource, namespace, labelSelector } = this.#options
    const items: KubernetesObject[] = []
    let next: string | undefined
    let version: string
    do {
      const { body } = await transport.request<ObjectList>({
        method: 'GET',
        path: pathOf(resource, namespace),
        query: {
          limit: PAGE,
          ...(labelSelector !== undefined && { labelSelector }),
          ...(next !== undefined && { continue: next }),
        },
        signal,
      })
      // Items of a list carry neither kind nor version.
      items.push(
        ...body.items.map((item) => ({ ...item, apiVersion: resource.apiVersion, kind: resource.kind })),
      )
      version = body.metadata.resourceVersion
      next = body.metadata.continue === '' ? undefined : body.metadata.continue
    } while (next !== undefined)
    this.#replace(items, version)
  }

  #replace(items: readonly KubernetesObject[], version: string): void {
    const { store, metrics, resource } = this.#options
    metrics?.relists.inc({ kind: resource.kind })
    this.#resourceVersion = version
    this.#emit(store.replace(items), true)
    this.#isSynced = true
    this.#synced.resolve(undefined)
  }

  #emit(changes: readonly Change[], initial: boolean): void {
    for (const change of changes) this.#options.onChange(change, initial)
  }
}

interface ObjectList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly KubernetesObject[]
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

/** A signal that also aborts when nothing came for too long: half-open connections give no other sign. */
function watchdog(signal: AbortSignal, inactivityMs: number) {
  const controller = new AbortController()
  let fault: Error | undefined
  const bark = () => {
    fault = new Error(`nothing came over a watch for ${inactivityMs / 1000} s`)
    controller.abort(fault)
  }
  let timer = setTimeout(bark, inactivityMs)
  const cancel = () => {
    controller.abort(signal.reason)
  }
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  return {
    signal: controller.signal,
    get fault() {
      return fault
    },
    feed() {
      clearTimeout(timer)
      timer = setTimeout(bark, inactivityMs)
    },
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
    },
  }
}

/** Asked through a function: the compiler would take the signal for unchanged since the loop's condition. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
