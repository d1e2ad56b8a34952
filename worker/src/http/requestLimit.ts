/** A limit on requests per minute and client that holds over all workers, at a few statements per client and minute. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AllowanceLedger, Grant } from './ports.ts'

export interface Allowance {
  readonly isAllowed: boolean
  readonly limit: number
  /** As far as this worker knows. */
  readonly remaining: number
  readonly resetSeconds: number
}

export interface RequestLimitOptions {
  /** Tells its clients from those of other limits. */
  readonly name: string
  readonly budget: number
  readonly ledger: AllowanceLedger
  /** Told once when the budgets cannot be shared, and once when they are again. */
  readonly onShared: (isShared: boolean, error?: unknown) => void
}

interface Window {
  left: number
  readonly rest: number
  readonly endsAt: number
}

const WINDOW_MS = 60_000
/** Long enough that a worker which is merely busy does not take it for an outage. */
const LEASE_MS = 5_000
const ALONE_MS = 10_000
const CLIENTS = 10_000
const CLIENTS_AT_ONCE = 500
const PARTS = 10

/**
 * One statement at a time serves all clients that wait, so a flood from many addresses does not become a flood of
 * statements; a client that has used its budget costs none until its window ends. When PostgreSQL does not answer in
 * time, each worker counts the whole budget by itself: too lenient by the number of workers, but neither open nor shut.
 */
export class RequestLimit {
  readonly #options: RequestLimitOptions
  readonly #windows = new Map<string, Window>()
  readonly #waiting = new Map<string, (() => void)[]>()
  #isPumping = false
  #isShared = true
  #aloneUntil = 0

  constructor(options: RequestLimitOptions) {
    this.#options = options
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#windows.size
  }

  async take(client: string): Promise<Allowance> {
    for (;;) {
      const window = this.#windows.get(client)
      const now = performance.now()
      if (window !== undefined && window.endsAt > now) {
        if (window.left > 0) {
          window.left -= 1
          return this.#allowance(true, window, now)
        }
        if (window.rest === 0) return this.#allowance(false, window, now)
      }
      await this.#leased(client)
    }
  }

  /** Drops what has ended. */
  forgetEnded(): void {
    const now = performance.now()
    for (const [client, { endsAt }] of this.#windows) if (endsAt <= now) this.#windows.delete(client)
  }

  #allowance(isAllowed: boolean, { left, rest, endsAt }: Window, now: number): Allowance {
    const resetSeconds = Math.max(1, Math.ceil((endsAt - now) / 1_000))
    return { isAllowed, limit: this.#options.budget, remaining: left + rest, resetSeconds }
  }

  #leased(client: string): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#waiting.get(client)
      if (others === undefined) this.#waiting.set(client, [resolve])
      else others.push(resolve)
      void this.#pump()
    })
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#waiting.size > 0) {
      const clients = [...this.#waiting.keys()].slice(0, CLIENTS_AT_ONCE)
      await this.#lease(clients)
      for (const client of clients) {
        const waiters = this.#waiting.get(client) ?? []
        this.#waiting.delete(client)
        for (const resolve of waiters) resolve()
      }
    }
    this.#isPumping = false
  }

  async #lease(clients: readonly string[]): Promise<void> {
    if (performance.now() >= this.#aloneUntil) {
      try {
        const grants = await this.#ask(clients)
        for (const { client, granted, rest, endsInMs } of grants)
          this.#remember(client.slice(this.#options.name.length + 1), granted, rest, endsInMs)
        this.#tell(true)
        return
      } catch (error) {
        this.#aloneUntil = performance.now() + ALONE_MS
        this.#tell(false, error)
      }
    }
    for (const client of clients) this.#remember(client, this.#options.budget, 0, WINDOW_MS)
  }

  #ask(clients: readonly string[]): Promise<readonly Grant[]> {
    const { name, budget, ledger } = this.#options
    const part = Math.ceil(budget / PARTS)
    const names = clients.map((client) => `${name} ${client}`)
    const late = sleep(LEASE_MS, undefined, { ref: false }).then(() => {
      throw new Error('no answer in time')
    })
    return Promise.race([ledger.lease(names, budget, part), late])
  }

  #remember(client: string, left: number, rest: number, endsInMs: number): void {
    this.#windows.delete(client)
    if (this.#windows.size >= CLIENTS) this.forgetEnded()
    const [oldest] = this.#windows.keys()
    if (this.#windows.size >= CLIENTS && oldest !== undefined) this.#windows.delete(oldest)
    this.#windows.set(client, { left, rest, endsAt: performance.now() + endsInMs })
  }

  #tell(isShared: boolean, error?: unknown): void {
    if (isShared !== this.#isShared) this.#options.onShared(isShared, error)
    this.#isShared = isShared
  }
}
