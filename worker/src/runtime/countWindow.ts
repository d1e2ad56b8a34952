/** How often something happened in the last two minutes, by what it was. */

const BUCKET_MS = 10_000
const BUCKETS = 12

export class CountWindow<Kind> {
  /** By the number of their stretch of time. */
  readonly #buckets = new Map<number, Map<Kind, number>>()

  /** @param nowMs of a clock that never goes back */
  note(kind: Kind, nowMs: number): void {
    const number = Math.floor(nowMs / BUCKET_MS)
    const bucket = this.#buckets.get(number) ?? this.#begin(number)
    bucket.set(kind, (bucket.get(kind) ?? 0) + 1)
  }

  sum(nowMs: number): ReadonlyMap<Kind, number> {
    this.#forget(Math.floor(nowMs / BUCKET_MS))
    const counts = new Map<Kind, number>()
    for (const bucket of this.#buckets.values())
      for (const [kind, count] of bucket) counts.set(kind, (counts.get(kind) ?? 0) + count)
    return counts
  }

  #begin(number: number): Map<Kind, number> {
    this.#forget(number)
    const bucket = new Map<Kind, number>()
    this.#buckets.set(number, bucket)
    return bucket
  }

  #forget(number: number): void {
    for (const old of this.#buckets.keys()) if (old <= number - BUCKETS) this.#buckets.delete(old)
  }
}
