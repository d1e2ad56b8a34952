/** What a controller knows: a store and a reflector for each kind that it watches. */
import type { Change, Project } from './store.ts'
import type { Metrics } from './metrics.ts'
import type { Resource } from './object.ts'
import type { ToKeys } from './interest.ts'
import type { Transport } from './transport.ts'
import { messageOf, type Log } from './log.ts'
import { withoutStatusOwners } from './managedFields.ts'
import { keyOf } from './object.ts'
import { Reflector } from './reflector.ts'
import { SharedFields } from './sharedFields.ts'
import { Store } from './store.ts'

export interface Watch {
  readonly resource: Resource
  readonly labelSelector?: string
  /** All but the owners of the status when left out. */
  readonly project?: Project
  /** Keys of the primaries that an object concerns; those of its controller when left out. */
  readonly toKeys?: ToKeys
}

export interface CachesOptions {
  readonly transport: Transport
  /** Empty: every namespace. */
  readonly namespaces: readonly string[]
  readonly metrics: Metrics
  readonly log: Log
  /** `initial`: part of the first list, not news. */
  readonly onChange: (watch: Watch, change: Change, initial: boolean) => void
  /** An optional kind is served from now on, or not any more. */
  readonly onServed?: (resource: Resource, served: boolean) => void
}

export class Caches {
  readonly #options: CachesOptions
  readonly #stores = new Map<string, Store>()
  readonly #reflectors = new Map<string, Reflector>()
  readonly #fields = new SharedFields()

  /** @throws Error when a kind is watched twice, or more than one namespace. */
  constructor(watches: readonly Watch[], options: CachesOptions) {
    if (options.namespaces.length > 1) {
      // One store for each namespace would be a store too many: a list replaces only what it covers.
      throw new Error('watching several namespaces takes one controller for each')
    }
    this.#options = options
    for (const watch of watches) this.#watch(watch)
  }

  /** What is known of a kind that is watched. */
  store(resource: Resource): Store {
    const store = this.#stores.get(resource.kind)
    if (!store) throw new Error(`${resource.kind} is not watched`)
    return store
  }

  /** Whether the server knows a kind that is watched. */
  isServed(resource: Resource): boolean {
    return this.#reflectors.get(resource.kind)?.isServed === true
  }

  get isSynced(): boolean {
    return [...this.#reflectors.values()].every((reflector) => reflector.isSynced)
  }

  /** Fulfils once every kind has been listed. */
  start(signal: AbortSignal): Promise<unknown> {
    const reflectors = [...this.#reflectors.values()]
    for (const reflector of reflectors) void reflector.run(signal)
    return Promise.all(reflectors.map(({ synced }) => synced))
  }

  #watch(watch: Watch): void {
    const { transport, namespaces, metrics, log, onChange, onServed } = this.#options
    const { resource, labelSelector } = watch
    if (this.#stores.has(resource.kind)) throw new Error(`${resource.kind} is watched twice`)
    const store = new Store(this.#projection(watch))
    this.#stores.set(resource.kind, store)
    const namespace = resource.namespaced ? namespaces[0] : undefined
    const reflector = new Reflector({
      transport,
      resource,
      store,
      metrics,
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      onChange: (change, initial) => {
        onChange(watch, change, initial)
      },
      onError: (error) => {
        log.warn({ kind: resource.kind, error: messageOf(error) }, 'watch interrupted')
      },
      // It is one server: what one reflector learned of it the others need not find out by waiting.
      onReached: () => {
        for (const other of this.#reflectors.values()) if (other !== reflector) other.tryNow()
      },
      ...(resource.optional === true && {
        onServed: (served: boolean) => {
          log.info({ kind: resource.kind, served }, served ? 'kind is installed' : 'kind is not installed')
          onServed?.(resource, served)
        },
      }),
    })
    this.#reflectors.set(resource.kind, reflector)
  }

  /** An object that cannot be projected is left out, rather than all others of its kind with it. */
  #projection({ resource, project = withoutStatusOwners }: Watch): Project {
    const { log } = this.#options
    return (raw) => {
      try {
        const kept = project(raw)
        return kept && this.#fields.share(kept)
      } catch (error) {
        log.error({ kind: resource.kind, key: keyOf(raw), error: messageOf(error) }, 'object not readable')
        return undefined
      }
    }
  }
}
