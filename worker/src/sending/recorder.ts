/**
 * Writes results in groups, and goes on trying: what a provider has taken is never un-taken by a lost database, and one
 * result that the database refuses holds up no other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger, Onlooker, Result } from './ports.ts'
import { reconnectMs } from '../domain/backoff.ts'
import { isOutage } from '../domain/outage.ts'

interface Waiting {
  readonly result: Result
  /** By the clock that never goes back. */
  readonly sinceMs: number
  readonly done: () => void
}

export interface RecorderOptions {
  /** How long the first result of a group waits for company. */
  readonly lingerMs: number
  readonly groupSize: number
  /** Ends the trying; what is then unwritten stays leased and becomes uncertain. */
  readonly giveUp: AbortSignal
  /** Before the next try, after so many in a row that failed. */
  readonly pauseMs?: (failures: number) => number
}

export class Recorder {
  readonly #ledger: Pick<Ledger, 'record'>
  readonly #onlooker: Onlooker
  readonly #options: RecorderOptions
  /** Oldest first. */
  readonly #unwritten = new Set<Waiting>()
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #writing = false

  constructor(ledger: Pick<Ledger, 'record'>, onlooker: Onlooker, options: RecorderOptions) {
    this.#ledger = ledger
    this.#onlooker = onlooker
    this.#options = options
  }

  /** Resolves when the result is written, or when it was given up. */
  record(result: Result): Promise<void> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        result,
        sinceMs: performance.now(),
        done: () => {
          this.#unwritten.delete(waiting)
          resolve()
        },
      }
      this.#unwritten.add(waiting)
      this.#waiting.push(waiting)
      this.#schedule()
    })
  }

  /** How many results have waited longer than this to be written. */
  waitingLonger(thanMs: number, nowMs = performance.now()): number {
    let count = 0
    for (const { sinceMs } of this.#unwritten) {
      if (nowMs - sinceMs <= thanMs) break
      count += 1
    }
    return count
  }

  #schedule(): void {
    if (this.#writing || this.#waiting.length === 0) return
    if (this.#waiting.length >= this.#options.groupSize) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      void this.#write()
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        void this.#write()
      }, this.#options.lingerMs)
    }
  }

  async #write(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    const group = this.#waiting
    this.#waiting = []
    await this.#insist(group)
    this.#writing = false
    this.#schedule()
  }

  /** Only an outage is waited for: any other error is of one result, which is looked for by halves. */
  async #insist(group: readonly Waiting[]): Promise<void> {
    const [first] = group
    if (first === undefined) return
    for (let failures = 1; !this.#options.giveUp.aborted; failures += 1) {
      const error = await this.#try(group.map(({ result }) => result))
      if (error === undefined) break
      if (!isOutage(error)) {
        if (group.length === 1) void this.#setAside(first, error)
        else {
          await this.#insist(group.slice(0, group.length >> 1))
          await this.#insist(group.slice(group.length >> 1))
        }
        return
      }
      await this.#pause(failures)
    }
    for (const { done } of group) done()
  }

  /** What became of the recipient counts; the words that came with it are what a database may refuse. */
  async #setAside({ result, done }: Waiting, error: unknown): Promise<void> {
    this.#onlooker.setAside(error, result.claimed)
    const bare = { ...result, code: undefined, providerMessageId: undefined, reply: {} }
    for (let failures = 1; !this.#options.giveUp.aborted; failures += 1) {
      if ((await this.#try([bare])) === undefined) break
      await this.#pause(failures)
    }
    done()
  }

  /** @returns why they are not written. */
  async #try(results: readonly Result[]): Promise<unknown> {
    try {
      const written = await this.#ledger.record(results)
      if (written < results.length) this.#onlooker.fenced(results.length - written)
      return undefined
    } catch (error) {
      this.#onlooker.recordFailed(error, results.length + this.#waiting.length)
      return error ?? new Error('not written')
    }
  }

  async #pause(failures: number): Promise<void> {
    const { giveUp: signal, pauseMs = jittered } = this.#options
    await sleep(pauseMs(failures), undefined, { signal }).catch(() => undefined)
  }
}

const jittered = (failures: number): number => reconnectMs(failures, Math.random())
