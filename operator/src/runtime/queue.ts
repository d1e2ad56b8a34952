/**
 * The work queue. A key waits once however often it is added, and is never worked on twice at the same time: added
 * while it is, it runs once more afterwards (client-go `util/workqueue`). Re-adding keeps the earliest time and the
 * highest priority (controller-runtime `priorityqueue`).
 */

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

interface Entry {
  readonly key: string
  readyAt: number
  priority: number
  readonly addedAt: number
  readonly order: number
}

export const REAL_CLOCK: QueueClock = {
  now: () => performance.now(),
  setTimer(callback, ms) {
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
  readonly #waiting = new Map<string, Entry>()
  readonly #processing = new Set<string>()
  /** Added while being worked on: put back when done. */
  readonly #again = new Map<string, Required<AddOptions>>()
  readonly #failures = new Map<string, number>()
  readonly #onReady: () => void
  #order = 0
  #timer: { cancel(): void } | undefined
  #wakesAt = Infinity

  /** @param onReady is called whenever `take` may have something to give. */
  constructor(onReady: () => void, options: QueueOptions = {}) {
    this.#onReady = onReady
    this.#clock = options.clock ?? REAL_CLOCK
    this.#random = options.random ?? Math.random
    this.#firstBackoffMs = options.firstBackoffMs ?? 5
    this.#longestBackoffMs = options.longestBackoffMs ?? 300_000
  }

  get depth(): number {
    return this.#waiting.size
  }

  add(key: string, { afterMs = 0, priority = 0 }: AddOptions = {}): void {
    if (this.#processing.has(key)) {
      const pending = this.#again.get(key)
      this.#again.set(key, {
        afterMs: Math.min(pending?.afterMs ?? Infinity, afterMs),
        priority: Math.max(pending?.priority ?? -Infinity, priority),
      })
      return
    }
    const readyAt = this.#clock.now() + afterMs
    const entry = this.#waiting.get(key)
    if (entry) {
      entry.readyAt = Math.min(entry.readyAt, readyAt)
      entry.priority = Math.max(entry.priority, priority)
    } else {
      this.#order += 1
      this.#waiting.set(key, { key, readyAt, priority, addedAt: this.#clock.now(), order: this.#order })
    }
    this.#wakeAt(readyAt)
  }

  /** Adds a key after a failure, later each time, up to five minutes. @returns the pause in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    const ceilingMs = Math.min(this.#firstBackoffMs * 2 ** Math.min(failures, 40), this.#longestBackoffMs)
    const afterMs = ceilingMs * (0.5 + 0.5 * this.#random())
    this.add(key, { afterMs })
    return afterMs
  }

  /** The key succeeded: its next failure is a first one. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** @returns the next key that is due, and how long it waited; `undefined` when none is. */
  take(): { readonly key: string; readonly waitedMs: number } | undefined {
    const now = this.#clock.now()
    let best: Entry | undefined
    for (const entry of this.#waiting.values())
      if (entry.readyAt <= now && (!best || comesBefore(entry, best))) best = entry
    if (!best) {
      this.#wake()
      return undefined
    }
    this.#waiting.delete(best.key)
    this.#processing.add(best.key)
    return { key: best.key, waitedMs: now - Math.max(best.addedAt, Math.min(best.readyAt, now)) }
  }

  /** The key is no longer worked on. */
  done(key: string): void {
    this.#processing.delete(key)
    const again = this.#again.get(key)
    if (!again) return
    this.#again.delete(key)
    this.add(key, again)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#waiting.clear()
    this.#again.clear()
  }

  /** Calls back when the earliest entry is due. */
  #wake(): void {
    this.#wakesAt = Infinity
    for (const { readyAt } of this.#waiting.values()) this.#wakeAt(readyAt)
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
      Math.max(0, readyAt - this.#clock.now()),
    )
  }
}

function comesBefore(left: Entry, right: Entry): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority
  return left.readyAt === right.readyAt ? left.order < right.order : left.readyAt < right.readyAt
}
