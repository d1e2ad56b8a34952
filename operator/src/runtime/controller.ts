/** Turns changes of a kind and its children into passes: watches → keys → queue → workers. */
import type { Change, Project } from './store.ts'
import type { KubernetesObject, Resource } from './object.ts'
import type { Metrics } from './metrics.ts'
import type { Transport } from './transport.ts'
import { isConflict, isThrottled, Terminal, Waiting } from './errors.ts'
import { controllerOf, joinKey, keyOf } from './object.ts'
import { Queue } from './queue.ts'
import { Reflector } from './reflector.ts'
import { Store } from './store.ts'

export interface Watch {
  readonly resource: Resource
  readonly labelSelector?: string
  readonly project?: Project
  /** Keys of the primaries that an object concerns; those of its controller when left out. */
  readonly toKeys?: (object: KubernetesObject) => readonly string[]
}

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface ControllerOptions {
  readonly name: string
  readonly transport: Transport
  readonly primary: Resource
  readonly watches: readonly Watch[]
  /** Empty: every namespace. */
  readonly namespaces: readonly string[]
  readonly concurrency?: number
  readonly metrics: Metrics
  readonly log: Log
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<{ readonly requeueAfterMs?: number }>
}

/** The initial list and its like wait behind what users do. */
const RESYNC_PRIORITY = -100

export class Controller {
  readonly #options: ControllerOptions
  readonly #queue: Queue
  readonly #stores = new Map<string, Store>()
  readonly #reflectors: Reflector[] = []
  readonly #passes = new Set<Promise<void>>()
  #signal: AbortSignal | undefined

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#queue = new Queue(() => {
      this.#pump()
    })
    options.metrics.maxWorkers.set({ controller: options.name }, this.#concurrency)
    this.#watch({ resource: options.primary, toKeys: (object) => [keyOf(object)] })
    for (const watch of options.watches) this.#watch(watch)
  }

  /** What is known of a kind; the primary's or one of the watches'. */
  store(resource: Resource): Store {
    const store = this.#stores.get(resource.kind)
    if (!store) throw new Error(`${resource.kind} is not watched`)
    return store
  }

  get isSynced(): boolean {
    return this.#reflectors.every((reflector) => reflector.isSynced)
  }

  enqueue(key: string, afterMs = 0): void {
    this.#queue.add(key, { afterMs })
  }

  /** Fills the caches; a standby does this too, so that it can take over at once. */
  startCaches(signal: AbortSignal): Promise<unknown> {
    for (const reflector of this.#reflectors) void reflector.run(signal)
    return Promise.all(this.#reflectors.map(({ synced }) => synced))
  }

  /** Works until the signal aborts, then waits for the passes under way. Caches must be synced. */
  async work(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    for (const object of this.store(this.#options.primary).values())
      this.#queue.add(keyOf(object), { priority: RESYNC_PRIORITY })
    this.#pump()
    await new Promise<void>((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true },
      )
      if (signal.aborted) resolve()
    })
    this.#queue.stop()
    await Promise.allSettled(this.#passes)
  }

  get #concurrency(): number {
    return this.#options.concurrency ?? 16
  }

  #watch(watch: Watch): void {
    const { transport, namespaces, metrics, log } = this.#options
    const { resource } = watch
    const store = new Store(watch.project)
    this.#stores.set(resource.kind, store)
    const scopes = namespaces.length === 0 || !resource.namespaced ? [undefined] : namespaces
    if (scopes.length > 1) {
      // One store for each namespace would be a store too many: a list replaces only what it covers.
      throw new Error('watching several namespaces takes one controller for each')
    }
    for (const namespace of scopes) {
      this.#reflectors.push(
        new Reflector({
          transport,
          resource,
          store,
          metrics,
          ...(namespace !== undefined && { namespace }),
          ...(watch.labelSelector !== undefined && { labelSelector: watch.labelSelector }),
          onChange: (change, initial) => {
            this.#onChange(watch, change, initial)
          },
          onError: (error) => {
            log.warn({ kind: resource.kind, error: messageOf(error) }, 'watch interrupted')
          },
        }),
      )
    }
  }

  #onChange(watch: Watch, change: Change, initial: boolean): void {
    const isPrimary = watch.resource.kind === this.#options.primary.kind
    if (isPrimary && !concerns(change)) return
    const keys = watch.toKeys?.(change.object) ?? this.#ownerKeys(change.object)
    for (const key of keys) {
      this.#queue.add(key, { priority: initial ? RESYNC_PRIORITY : 0 })
      this.#options.metrics.queueAdds.inc({ name: this.#options.name })
    }
  }

  #ownerKeys(object: KubernetesObject): readonly string[] {
    const owner = controllerOf(object)
    if (owner?.kind !== this.#options.primary.kind) return []
    return [joinKey(object.metadata.namespace, owner.name)]
  }

  #pump(): void {
    const signal = this.#signal
    const { metrics, name } = this.#options
    while (signal && !signal.aborted && this.#passes.size < this.#concurrency) {
      const next = this.#queue.take()
      metrics.queueDepth.set({ name }, this.#queue.depth)
      if (!next) return
      metrics.queueSeconds.observe({ name }, next.waitedMs / 1000)
      const pass = this.#pass(next.key, signal).finally(() => {
        this.#passes.delete(pass)
        this.#queue.done(next.key)
        // Yields between passes, so that flushing thousands leaves room for probes and watches.
        setImmediate(() => {
          this.#pump()
        })
      })
      this.#passes.add(pass)
    }
  }

  async #pass(key: string, signal: AbortSignal): Promise<void> {
    const { metrics, name, reconcile } = this.#options
    const startedAt = performance.now()
    metrics.activeWorkers.inc({ controller: name })
    try {
      const { requeueAfterMs } = await reconcile(key, signal)
      this.#queue.forget(key)
      if (requeueAfterMs !== undefined)
        this.#queue.add(key, { afterMs: requeueAfterMs, priority: RESYNC_PRIORITY })
      metrics.passes.inc({
        controller: name,
        result: requeueAfterMs === undefined ? 'success' : 'requeue_after',
      })
    } catch (error) {
      if (!signal.aborted) this.#failed(key, error)
    } finally {
      const seconds = (performance.now() - startedAt) / 1000
      metrics.activeWorkers.dec({ controller: name })
      metrics.passSeconds.observe({ controller: name }, seconds)
      metrics.workSeconds.observe({ name }, seconds)
    }
  }

  /** One key's failure is that key's alone. */
  #failed(key: string, error: unknown): void {
    const { metrics, name, log } = this.#options
    if (error instanceof Waiting) {
      this.#queue.forget(key)
      this.#queue.add(key, { afterMs: error.afterMs, priority: RESYNC_PRIORITY })
      metrics.passes.inc({ controller: name, result: 'requeue_after' })
      return
    }
    if (error instanceof Terminal) {
      metrics.terminalErrors.inc({ controller: name })
      log.error({ key, reason: error.reason, error: error.message }, 'pass failed for good')
      return
    }
    metrics.queueRetries.inc({ name })
    const afterMs = Math.round(this.#queue.retry(key))
    if (isConflict(error) || isThrottled(error)) {
      metrics.passes.inc({ controller: name, result: 'requeue' })
      log.debug({ key, afterMs, error: messageOf(error) }, 'pass interrupted')
      return
    }
    metrics.passes.inc({ controller: name, result: 'error' })
    metrics.passErrors.inc({ controller: name })
    log.error({ key, afterMs, error: messageOf(error), stack: stackOf(error) }, 'pass failed')
  }
}

/** Whether an update of the primary is more than our own status. */
function concerns(change: Change): boolean {
  if (change.type !== 'updated' || !change.before) return true
  const told = ({ metadata }: KubernetesObject) =>
    JSON.stringify([
      metadata.generation,
      metadata.labels,
      metadata.annotations,
      metadata.finalizers,
      metadata.deletionTimestamp,
    ])
  return told(change.object) !== told(change.before)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}
