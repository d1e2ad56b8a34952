/** Turns changes of a kind and its children into passes: watches → keys → queue → workers. */
import type { Change, Store } from './store.ts'
import type { Resource } from './object.ts'
import type { Transport } from './transport.ts'
import { aborted } from './aborted.ts'
import { Caches, type Watch } from './caches.ts'
import { showAtZero, type Metrics } from './metrics.ts'
import { messageOf, stackOf, type Log } from './log.ts'
import { isConflict, isPanic, isThrottled, retryAfterMs, Terminal, Waiting } from './errors.ts'
import { concernedBy, controllerKeys, primariesOf } from './interest.ts'
import { keyOf } from './object.ts'
import { Queue, type AddOptions } from './queue.ts'

export interface ControllerOptions {
  readonly name: string
  readonly transport: Transport
  readonly primary: Resource
  readonly watches: readonly Watch[]
  /** Empty: every namespace. */
  readonly namespaces: readonly string[]
  readonly concurrency?: number
  /** How long the passes under way may take after a stop. */
  readonly drainMs?: number
  readonly metrics: Metrics
  readonly log: Log
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<{ readonly requeueAfterMs?: number }>
}

/** The initial list and its like wait behind what users do. */
const RESYNC_PRIORITY = -100
/** Less than a pod is given to end in. */
const DRAIN_MS = 30_000

export class Controller {
  readonly #options: ControllerOptions
  readonly #concurrency: number
  readonly #queue: Queue
  readonly #caches: Caches
  readonly #passes = new Set<Promise<void>>()
  /** When each pass under way began. */
  readonly #begun = new Map<string, number>()
  /** Tells the passes under way to end. */
  readonly #end = new AbortController()
  #stop: AbortSignal | undefined

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#concurrency = options.concurrency ?? 16
    this.#queue = new Queue(() => {
      this.#pump()
    })
    showAtZero(options.metrics, options.name)
    options.metrics.maxWorkers.inc({ controller: options.name }, this.#concurrency)
    options.metrics.onScrape.add(() => {
      this.#count()
    })
    this.#caches = new Caches([{ resource: options.primary }, ...options.watches], {
      ...options,
      onChange: (watch, change, initial) => {
        this.#onChange(watch, change, initial)
      },
      // Whoever wants one, and whoever had one, is somewhere among them.
      onServed: () => {
        this.#addAll()
      },
    })
  }

  /** Whether the server knows a kind that is watched; an optional one may be missing. */
  isServed(resource: Resource): boolean {
    return this.#caches.isServed(resource)
  }

  /** What is known of a kind; the primary's or one of the watches'. */
  store(resource: Resource): Store {
    return this.#caches.store(resource)
  }

  get isSynced(): boolean {
    return this.#caches.isSynced
  }

  enqueue(key: string, afterMs = 0): void {
    this.#add(key, { afterMs })
  }

  /** Fills the caches; a standby does this too, so that it can take over at once. */
  startCaches(signal: AbortSignal): Promise<unknown> {
    return this.#caches.start(signal)
  }

  /**
   * Works until `stop` aborts, then waits for the passes under way; they are told to end when `lost` aborts or their
   * time is up. Caches must be synced.
   */
  async work(stop: AbortSignal, lost?: AbortSignal): Promise<void> {
    this.#stop = stop
    this.#addAll()
    this.#pump()
    const drop = () => {
      this.#end.abort(lost?.reason)
    }
    lost?.addEventListener('abort', drop, { once: true })
    if (lost?.aborted === true) drop()
    await aborted(stop)
    this.#queue.stop()
    const late = setTimeout(() => {
      this.#end.abort(new Error('the time to end in is up'))
    }, this.#options.drainMs ?? DRAIN_MS)
    await Promise.allSettled(this.#passes)
    clearTimeout(late)
    lost?.removeEventListener('abort', drop)
  }

  #onChange(watch: Watch, change: Change, initial: boolean): void {
    const { primary } = this.#options
    const isPrimary = watch.resource.kind === primary.kind
    const keys = isPrimary
      ? primariesOf(change)
      : concernedBy(change, watch.toKeys ?? controllerKeys(primary))
    for (const key of keys) this.#add(key, { priority: initial ? RESYNC_PRIORITY : 0 })
  }

  #addAll(): void {
    for (const object of this.store(this.#options.primary).values())
      this.#add(keyOf(object), { priority: RESYNC_PRIORITY })
  }

  #add(key: string, options: AddOptions): void {
    this.#queue.add(key, options)
    this.#options.metrics.queueAdds.inc({ name: this.#options.name })
  }

  #count(): void {
    const { metrics, name } = this.#options
    const now = performance.now()
    const ages = [...this.#begun.values()].map((begunAt) => (now - begunAt) / 1000)
    metrics.queueDepth.inc({ name }, this.#queue.depth)
    metrics.unfinishedSeconds.inc(
      { name },
      ages.reduce((sum, age) => sum + age, 0),
    )
    metrics.longestSeconds.inc({ name }, Math.max(0, ...ages))
  }

  #pump(): void {
    const stop = this.#stop
    const { metrics, name } = this.#options
    while (stop && !stop.aborted && this.#passes.size < this.#concurrency) {
      const next = this.#queue.take()
      if (!next) return
      metrics.queueSeconds.observe({ name }, next.waitedMs / 1000)
      this.#begun.set(next.key, performance.now())
      const pass = this.#pass(next.key, this.#end.signal).finally(() => {
        this.#passes.delete(pass)
        this.#begun.delete(next.key)
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
    const term = new AbortController()
    const cancel = () => {
      term.abort(signal.reason)
    }
    signal.addEventListener('abort', cancel, { once: true })
    metrics.activeWorkers.inc({ controller: name })
    try {
      const { requeueAfterMs } = await reconcile(key, term.signal)
      this.#queue.forget(key)
      if (requeueAfterMs !== undefined) this.#add(key, { afterMs: requeueAfterMs, priority: RESYNC_PRIORITY })
      metrics.passes.inc({
        controller: name,
        result: requeueAfterMs === undefined ? 'success' : 'requeue_after',
      })
    } catch (error) {
      if (!signal.aborted) this.#failed(key, error)
    } finally {
      signal.removeEventListener('abort', cancel)
      // What a failed pass left behind must not run beside the next one.
      term.abort(new Error('the pass is over'))
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
      this.#add(key, { afterMs: error.afterMs, priority: RESYNC_PRIORITY })
      metrics.passes.inc({ controller: name, result: 'requeue_after' })
      return
    }
    if (error instanceof Terminal) {
      this.#queue.forget(key)
      metrics.passes.inc({ controller: name, result: 'error' })
      metrics.passErrors.inc({ controller: name })
      metrics.terminalErrors.inc({ controller: name })
      log.error({ key, reason: error.reason, error: error.message }, 'pass failed for good')
      return
    }
    metrics.queueRetries.inc({ name })
    metrics.queueAdds.inc({ name })
    const pauseMs = isConflict(error)
      ? this.#queue.reconsider(key)
      : this.#queue.retry(key, retryAfterMs(error))
    const afterMs = Math.round(pauseMs)
    if (isConflict(error) || isThrottled(error)) {
      metrics.passes.inc({ controller: name, result: 'requeue' })
      log.debug({ key, afterMs, error: messageOf(error) }, 'pass interrupted')
      return
    }
    metrics.passes.inc({ controller: name, result: 'error' })
    metrics.passErrors.inc({ controller: name })
    if (isPanic(error)) metrics.panics.inc({ controller: name })
    log.error({ key, afterMs, error: messageOf(error), stack: stackOf(error) }, 'pass failed')
  }
}
