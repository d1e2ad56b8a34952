/** The pieces of a body of any length, as its reader asks for them: nothing is read ahead, and nobody is waited for for ever. */
import type { Readable } from 'node:stream'

export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** Nothing came for a moment. */
  | { readonly kind: 'quiet' }
  | { readonly kind: 'end' }
  /** The connection broke. */
  | { readonly kind: 'cut' }
  /** Nothing came for too long, or too little of it. */
  | { readonly kind: 'late' }
  /** We are told to stop. */
  | { readonly kind: 'stopped' }

export interface Patience {
  readonly quietMs: number
  /** For how long nothing may come. */
  readonly idleMs: number
  /** Waiting is forgiven for so long, and from then on as much as would have been sent so fast meanwhile. */
  readonly graceMs: number
  readonly bytesPerSecond: number
}

export class Pieces {
  readonly #body: Readable
  readonly #patience: Patience
  readonly #stopping: AbortSignal
  #received = 0
  /** While its reader was ready for more. */
  #waitedMs = 0
  #idleMs = 0
  readonly #ignore = () => undefined

  constructor(body: Readable, patience: Patience, stopping: AbortSignal) {
    this.#body = body
    this.#patience = patience
    this.#stopping = stopping
    body.on('error', this.#ignore)
  }

  async next(): Promise<Piece> {
    for (;;) {
      if (this.#stopping.aborted) return { kind: 'stopped' }
      const bytes = this.#body.read() as Buffer | null
      if (bytes !== null) {
        this.#received += bytes.length
        this.#idleMs = 0
        return { kind: 'bytes', bytes }
      }
      if (this.#body.readableEnded) return { kind: 'end' }
      if (this.#body.destroyed) return { kind: 'cut' }
      const startedAt = performance.now()
      const isQuiet = await this.#more()
      const waitedMs = performance.now() - startedAt
      this.#waitedMs += waitedMs
      this.#idleMs += waitedMs
      if (isQuiet) return { kind: this.#isLate() ? 'late' : 'quiet' }
    }
  }

  /** What still comes is thrown away. */
  close(): void {
    this.#body.resume()
  }

  #isLate(): boolean {
    const { idleMs, graceMs, bytesPerSecond } = this.#patience
    return this.#idleMs > idleMs || this.#waitedMs > graceMs + (this.#received / bytesPerSecond) * 1_000
  }

  /** @returns whether nothing happened for a moment. */
  #more(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const events = ['readable', 'end', 'error', 'close'] as const
    const happened = () => {
      resolve(false)
    }
    const timer = setTimeout(() => {
      resolve(true)
    }, this.#patience.quietMs)
    for (const event of events) this.#body.once(event, happened)
    this.#stopping.addEventListener('abort', happened, { once: true })
    return promise.finally(() => {
      clearTimeout(timer)
      for (const event of events) this.#body.off(event, happened)
      this.#stopping.removeEventListener('abort', happened)
    })
  }
}
