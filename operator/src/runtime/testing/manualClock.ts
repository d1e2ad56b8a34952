/** A clock that stands still until it is moved, and then calls back in order. */
import type { QueueClock } from '../queue.ts'

export class ManualClock implements QueueClock {
  time = 0
  #timers: { at: number; callback: () => void }[] = []

  now(): number {
    return this.time
  }

  setTimer(callback: () => void, ms: number): { cancel(): void } {
    const timer = { at: this.time + ms, callback }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  advance(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.time = Math.max(this.time, next.at)
      next.callback()
    }
    this.time = end
  }
}
