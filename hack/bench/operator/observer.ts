/** Sees what becomes of every object through watches of its own, and when, by a monotonic clock. */
import type { KubernetesObject, Resource } from '../../../operator/src/runtime/object.ts'
import type { Transport } from '../../../operator/src/runtime/transport.ts'
import { keyOf } from '../../../operator/src/runtime/object.ts'
import { Reflector } from '../../../operator/src/runtime/reflector.ts'
import { Store } from '../../../operator/src/runtime/store.ts'
import { isReady } from './checker.ts'
import { BENCH, CHILD_KINDS } from './fixture.ts'

interface Waiter {
  readonly id: string
  readonly isSeen: (object: KubernetesObject) => boolean
  readonly seen: (atMs: number) => void
}

export class Observer {
  readonly #stores = new Map<string, Store>()
  readonly #changedAt = new Map<string, number>()
  readonly #readyAt = new Map<string, number>()
  readonly #waiters = new Set<Waiter>()

  /** Ends with the signal. */
  static async start(transport: Transport, namespace: string, signal: AbortSignal): Promise<Observer> {
    const observer = new Observer()
    const reflectors = [BENCH, ...CHILD_KINDS].map((resource) =>
      observer.#watch(transport, resource, namespace),
    )
    for (const reflector of reflectors) void reflector.run(signal)
    await Promise.all(reflectors.map(({ synced }) => synced))
    return observer
  }

  get(kind: string, key: string): KubernetesObject | undefined {
    return this.#stores.get(kind)?.get(key)
  }

  benches(): readonly KubernetesObject[] {
    return this.all(BENCH.kind)
  }

  all(kind: string): readonly KubernetesObject[] {
    return [...(this.#stores.get(kind)?.values() ?? [])]
  }

  /** When each Bench was first seen ready, milliseconds of `performance.now()` by key. */
  get readyAt(): ReadonlyMap<string, number> {
    return this.#readyAt
  }

  /** @returns when it was seen, `undefined` when that took longer than `deadlineMs`. */
  when(
    kind: string,
    key: string,
    isSeen: (object: KubernetesObject) => boolean,
    deadlineMs: number,
  ): Promise<number | undefined> {
    const id = `${kind}/${key}`
    const present = this.get(kind, key)
    if (present && isSeen(present)) return Promise.resolve(this.#changedAt.get(id))
    return new Promise((resolve) => {
      const end = (atMs?: number) => {
        clearTimeout(late)
        this.#waiters.delete(waiter)
        resolve(atMs)
      }
      const late = setTimeout(end, deadlineMs)
      const waiter: Waiter = { id, isSeen, seen: end }
      this.#waiters.add(waiter)
    })
  }

  #watch(transport: Transport, resource: Resource, namespace: string): Reflector {
    const store = new Store()
    this.#stores.set(resource.kind, store)
    return new Reflector({
      transport,
      resource,
      namespace,
      store,
      // Its own blindness must not be taken for a contestant's.
      firstBackoffMs: 50,
      longestBackoffMs: 200,
      onChange: ({ type, object }) => {
        if (type !== 'deleted') this.#saw(object)
      },
    })
  }

  #saw(object: KubernetesObject): void {
    const now = performance.now()
    const key = keyOf(object)
    const id = `${object.kind}/${key}`
    this.#changedAt.set(id, now)
    if (object.kind === BENCH.kind && isReady(object) && !this.#readyAt.has(key)) this.#readyAt.set(key, now)
    for (const waiter of this.#waiters) if (waiter.id === id && waiter.isSeen(object)) waiter.seen(now)
  }
}
