/** Writes results in groups, and goes on trying: what a provider has taken is never un-taken by a lost database. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger, Onlooker, Result } from './ports.ts'
import { reconnectMs } from '../domain/backoff.ts'

interface Waiting {
  readonly result: Result
  readonly done: () => void
}

export interface RecorderOptions {
  /** How long the first result of a group waits for company. */
  readonly lingerMs: number
  readonly groupSize: number
  /** Ends the trying; what is then unwritten stays leased and becomes uncertain. */
  readonly giveUp: AbortSignal
}

export class Recorder {
  readonly #ledger: Pick<Ledger, 'record'>
  readonly #onlooker: Onlooker
  readonly #options: RecorderOptions
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
    return new Promise((done) => {
      this.#waiting.push({ result, done })
      this.#schedule()
    })
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
    await this.#insist(group.map(({ result }) => result))
    for (const { done } of group) done()
    this.#writing = false
    this.#schedule()
  }

  async #insist(results: readonly Result[]): Promise<void> {
    const { giveUp } = this.#options
    for (let failures = 1; !giveUp.aborted; failures += 1) {
      try {
        const written = await this.#ledger.record(results)
        if (written < results.length) this.#onlooker.fenced(results.length - written)
        return
      } catch (error) {
        this.#onlooker.recordFailed(error, results.length + this.#waiting.length)
        const waitMs = reconnectMs(failures, Math.random())
        await sleep(waitMs, undefined, { signal: giveUp }).catch(() => undefined)
      }
    }
  }
}
