/**
 * The work queue. A key waits once however often it is added, and is never worked on twice at the same time: added
 * while it is, it runs once more afterwards (client-go `util/workqueue`). Re-adding keeps the earliest time and the
 * highest priority (controller-runtime `priorityqueue`).
 */
import { Heap } from './heap.ts'

export interface QueueClock {
  now(): number
  setTimer(callback: () => void, ms: number): { cancel(): void }
}

export interface QueueOptions {
  readonly clock?: QueueClock
  readonly random?: () => number
  readonly firstBackoffMs?: number
  readonly longestBackoffMs?: number
}

export interface AddOptions {
  readonly afterMs?: number
  /** Higher runs first; resyncs and the initial list are below zero. */
  readonly priority?: number
}

/** One state of a key that waits; replaced, never changed, when the key is added again. */
interface Entry {
  readonly key: string
  readonly readyAt: number
  readonly priority: number
  readonly addedAt: number
  readonly order: number
}

/** The longest that a timer can wait; one that is due later goes off in between, to no effect. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** For times that make no sense: neither at once for ever nor never again. */
const SENSELESS_MS = 300_000
/** Somebody was quicker: that is soon over. */
const LONGEST_AFTER_CONFLICT_MS = 1_000

export const REAL_CLOCK: QueueClock = {
  now: () => performance.now(),
  setTimer(callback, ms) {
    if (ms <= 0) {
      // A timer of nothing takes a millisecond.
      const next = setImmediate(callback)
      return {
        cancel() {
          clearImmediate(next)
        },
      }
    }
    const timer = setTimeout(callback, ms)
    return {
      cancel() {
        clearTimeout(timer)
      },
    }
  },
}

export class Queue {
  readonly #clock: QueueClock
  readonly #random: () => number
  readonly #firstBackoffMs: number
  readonly #longestBackoffMs: number
  readonly #entries = new Map<string, Entry>()
  /** By time. What the heaps hold of earlier states of a key is dropped when it comes up. */
  readonly #waiting = new Heap<Entry>((left, right) => left.readyAt < right.readyAt)
  /** Due, by priority. */
  readonly #due = new Heap<Entry>(comesBefore)
  /** Key that is worked on → priority with which it was taken. */
  readonly #processing = new Map<string, number>()
  /** Added while being worked on: put back when done. */
  readonly #again = new Map<string, Pick<Entry, 'readyAt' | 'priority'>>()
  readonly #failures = new Map<string, number>()
  readonly #conflicts = new Map<string, number>()
  readonly #onReady: () => void
  #order = 0
  #timer: { cancel(): void } | undefined
  #wakesAt = Infinity
  #isStopped = false

  /** @param onReady is called whenever `take` may have something to give. */
  constructor(onReady: () => void, options: QueueOptions = {}) {
    this.#onReady = onReady
    this.#clock = options.clock ?? REAL_CLOCK
    this.#random = options.random ?? Math.random
    this.#firstBackoffMs = options.firstBackoffMs ?? 5
    this.#longestBackoffMs = options.longestBackoffMs ?? 300_000
  }

  /** Keys that are due and wait for a worker. */
  get depth(): number {
    const now = this.#clock.now()
    let depth = 0
    for (const { readyAt } of this.#entries.values()) if (readyAt <= now) depth += 1
    return depth
  }

  /** Every key that waits, due or not. */
  get size(): number {
    return this.#entries.size
  }

  add(key: string, { afterMs = 0, priority = 0 }: AddOptions = {}): void {
    if (this.#isStopped) return
    const wish = { readyAt: this.#clock.now() + sensible(afterMs), priority }
    if (!this.#processing.has(key)) {
      this.#put(key, wish)
      return
    }
    const pending = this.#again.get(key)
    this.#again.set(key, pending ? earliest(pending, wish) : wish)
  }

  /**
   * Adds a key after a failure, later each time, up to five minutes.
   * @param leastMs what the server asked for.
   * @returns the pause in milliseconds.
   */
  retry(key: string, leastMs = 0): number {
    return this.#addAgain(key, this.#failures, this.#longestBackoffMs, leastMs)
  }

  /** Adds a key after a conflict, which is no failure. @returns the pause in milliseconds, a second at most. */
  reconsider(key: string): number {
    return this.#addAgain(key, this.#conflicts, LONGEST_AFTER_CONFLICT_MS, 0)
  }

  /** The key succeeded: its next failure is a first one. */
  forget(key: string): void {
    this.#failures.delete(key)
    this.#conflicts.delete(key)
  }

  /** @returns the next key that is due, and how long it waited; `undefined` when none is. */
  take(): { readonly key: string; readonly waitedMs: number } | undefined {
    const now = this.#clock.now()
    for (let entry = this.#next(); entry && entry.readyAt <= now; entry = this.#next()) {
      this.#waiting.pop()
      this.#due.push(entry)
    }
    for (let entry = this.#due.pop(); entry; entry = this.#due.pop()) {
      if (this.#entries.get(entry.key) !== entry) continue
      this.#entries.delete(entry.key)
      this.#processing.set(entry.key, entry.priority)
      return { key: entry.key, waitedMs: now - Math.max(entry.addedAt, entry.readyAt) }
    }
    this.#wakeAt(this.#next()?.readyAt ?? Infinity)
    return undefined
  }

  /** The key is no longer worked on. */
  done(key: string): void {
    this.#processing.delete(key)
    const again = this.#again.get(key)
    if (!again) return
    this.#again.delete(key)
    this.#put(key, again)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#entries.clear()
    this.#waiting.clear()
    this.#due.clear()
    this.#again.clear()
  }

  #addAgain(key: string, counts: Map<string, number>, longestMs: number, leastMs: number): number {
    const earlier = counts.get(key) ?? 0
    counts.set(key, earlier + 1)
    const ceilingMs = Math.min(this.#firstBackoffMs * 2 ** Math.min(earlier, 40), longestMs)
    const afterMs = Math.max(leastMs, ceilingMs * (0.5 + 0.5 * this.#random()))
    this.add(key, { afterMs, priority: this.#processing.get(key) ?? 0 })
    return afterMs
  }

  #put(key: string, wish: Pick<Entry, 'readyAt' | 'priority'>): void {
    const known = this.#entries.get(key)
    const { readyAt, priority } = known ? earliest(known, wish) : wish
    if (known?.readyAt === readyAt && known.priority === priority) return
    this.#order += 1
    const entry = {
      key,
      readyAt,
      priority,
      addedAt: known?.addedAt ?? this.#clock.now(),
      order: known?.order ?? this.#order,
    }
    this.#entries.set(key, entry)
    this.#waiting.push(entry)
    this.#sweep()
    this.#wakeAt(readyAt)
  }

  /** The earliest entry that is not due yet, past those that were replaced. */
  #next(): Entry | undefined {
    for (let entry = this.#waiting.peek(); entry; entry = this.#waiting.peek()) {
      if (this.#entries.get(entry.key) === entry) return entry
      this.#waiting.pop()
    }
    return undefined
  }

  /** Entries that were replaced stay in the heaps until their time; they must not outnumber the others. */
  #sweep(): void {
    if (this.#waiting.size + this.#due.size <= 2 * this.#entries.size + 64) return
    this.#waiting.clear()
    this.#due.clear()
    for (const entry of this.#entries.values()) this.#waiting.push(entry)
  }

  #wakeAt(readyAt: number): void {
    if (readyAt >= this.#wakesAt) return
    this.#timer?.cancel()
    this.#wakesAt = readyAt
    this.#timer = this.#clock.setTimer(
      () => {
        this.#wakesAt = Infinity
        this.#onReady()
      },
      Math.min(Math.max(0, readyAt - this.#clock.now()), LONGEST_TIMER_MS),
    )
  }
}

function sensible(afterMs: number): number {
  return Number.isFinite(afterMs) ? Math.max(0, afterMs) : SENSELESS_MS
}

function earliest(
  left: Pick<Entry, 'readyAt' | 'priority'>,
  right: Pick<Entry, 'readyAt' | 'priority'>,
): Pick<Entry, 'readyAt' | 'priority'> {
  return {
    readyAt: Math.min(left.readyAt, right.readyAt),
    priority: Math.max(left.priority, right.priority),
  }
}

function comesBefore(left: Entry, right: Entry): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority
  return left.readyAt === right.readyAt ? left.order < right.order : left.readyAt < right.readyAt
}
