/** Whether one reflector sees the server, and for how long it has not: what its metrics tell of it. */
import type { Metrics } from './metrics.ts'

export type ContactMetrics = Pick<Metrics, 'lastEventAt' | 'lagSeconds' | 'blindSeconds' | 'onScrape'>

export interface ContactLabels {
  readonly kind: string
  /** Empty for every namespace. */
  readonly namespace: string
}

export class Contact {
  readonly #metrics: ContactMetrics | undefined
  readonly #labels: ContactLabels & Record<string, string>
  readonly #now: () => number
  #heardAt: number
  #blindSince: number | undefined
  readonly #count = () => {
    this.#account()
  }

  constructor(metrics: ContactMetrics | undefined, labels: ContactLabels, now = () => performance.now()) {
    this.#metrics = metrics
    this.#labels = { ...labels }
    this.#now = now
    this.#heardAt = now()
    metrics?.blindSeconds.inc(this.#labels, 0)
  }

  /** Blind from here until it sees for the first time. */
  begin(): void {
    this.#heardAt = this.#now()
    this.#blindSince = this.#heardAt
    this.#metrics?.onScrape.add(this.#count)
  }

  heard(): void {
    this.#heardAt = this.#now()
    this.#metrics?.lastEventAt.set(this.#labels, Date.now() / 1000)
  }

  /** A watch is open, and what was missed is on its way or listed. */
  regained(): void {
    this.heard()
    this.#account()
    this.#blindSince = undefined
  }

  /** @param sinceHeard when the connection was dead before anybody noticed. */
  lost(sinceHeard: boolean): void {
    this.#blindSince ??= sinceHeard ? this.#heardAt : this.#now()
  }

  end(): void {
    this.#account()
    this.#blindSince = undefined
    this.#metrics?.onScrape.delete(this.#count)
  }

  #account(): void {
    const now = this.#now()
    this.#metrics?.lagSeconds.set(this.#labels, (now - this.#heardAt) / 1000)
    if (this.#blindSince === undefined) return
    this.#metrics?.blindSeconds.inc(this.#labels, (now - this.#blindSince) / 1000)
    this.#blindSince = now
  }
}
