/**
 * Whom a refusal holds back: everybody, when it is about us or the way; the batch alone, when it was said of its mails, since
 * another batch of another sender may go through meanwhile.
 */
import type { Claimed, Outcome } from './ports.ts'
import { closingOf, Gate } from './gate.ts'

/** Batches remembered at once: those beyond are as good as new. */
const REMEMBERED = 1_000

export class Gates {
  readonly #all: Gate
  /** The one that something came of last is the last one. */
  readonly #ofBatches = new Map<string, Gate>()

  constructor(all = new Gate()) {
    this.#all = all
  }

  succeeded({ batchId }: Pick<Claimed, 'batchId'>): void {
    this.#all.succeeded()
    this.#ofBatches.get(batchId)?.succeeded()
  }

  /** @returns whether it is about everybody. */
  failed({ batchId, seq }: Pick<Claimed, 'batchId' | 'seq'>, outcome: Outcome, now: number): boolean {
    const closing = closingOf(outcome)
    const who = `${batchId}:${seq}`
    if (isOfBatch(outcome) && closing.patience !== undefined) {
      this.#of(batchId).failed(closing, now, who)
      return false
    }
    return this.#all.failed(closing, now, who)
  }

  /** Until everybody may go on; 0 when they may. */
  waitMs(now: number): number {
    return this.#all.waitMs(now)
  }

  /** Until a batch may go on, beside everybody else. */
  waitMsOf(batchId: string, now: number): number {
    return this.#ofBatches.get(batchId)?.waitMs(now) ?? 0
  }

  passed(signal: AbortSignal): Promise<void> {
    return this.#all.passed(signal)
  }

  #of(batchId: string): Gate {
    const gate = this.#ofBatches.get(batchId) ?? new Gate()
    this.#ofBatches.delete(batchId)
    this.#ofBatches.set(batchId, gate)
    const [oldest] = this.#ofBatches.keys()
    if (this.#ofBatches.size > REMEMBERED && oldest !== undefined) this.#ofBatches.delete(oldest)
    return gate
  }
}

/** Relay denied, blocked, over quota: told of a mail it may be for its sender. Too fast, or no way, is for whoever sends. */
const isOfBatch = ({ retryClass }: Outcome): boolean => retryClass === 'account' || retryClass === 'quota'
