/** How many attempts of the last two minutes were refused, and with which class most of them. */
import type { RetryClass } from '../domain/retryClasses.ts'

export interface Attempts {
  readonly attempts: number
  readonly refused: number
  readonly most?: RetryClass
}

const BUCKET_MS = 10_000
const BUCKETS = 12

/** What is told to go slower gets there: that is told of by itself when it holds everything up. */
const REFUSES_NOT: readonly RetryClass[] = ['accepted', 'throttle']

export class AttemptWindow {
  /** By the number of their stretch of time. */
  readonly #buckets = new Map<number, Map<RetryClass, number>>()

  /** @param nowMs of a clock that never goes back */
  note(retryClass: RetryClass, nowMs: number): void {
    const number = Math.floor(nowMs / BUCKET_MS)
    const bucket = this.#buckets.get(number) ?? this.#begin(number)
    bucket.set(retryClass, (bucket.get(retryClass) ?? 0) + 1)
  }

  sum(nowMs: number): Attempts {
    this.#forget(Math.floor(nowMs / BUCKET_MS))
    const counts = new Map<RetryClass, number>()
    for (const bucket of this.#buckets.values())
      for (const [retryClass, count] of bucket) counts.set(retryClass, (counts.get(retryClass) ?? 0) + count)
    const attempts = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const refusals = [...counts].filter(([retryClass]) => !REFUSES_NOT.includes(retryClass))
    const refused = refusals.reduce((sum, [, count]) => sum + count, 0)
    const [most] = refusals.toSorted(([, one], [, other]) => other - one)
    return { attempts, refused, ...(most && { most: most[0] }) }
  }

  #begin(number: number): Map<RetryClass, number> {
    this.#forget(number)
    const bucket = new Map<RetryClass, number>()
    this.#buckets.set(number, bucket)
    return bucket
  }

  #forget(number: number): void {
    for (const old of this.#buckets.keys()) if (old <= number - BUCKETS) this.#buckets.delete(old)
  }
}
