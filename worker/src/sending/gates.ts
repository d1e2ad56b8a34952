/**
 * Whom a refusal holds back: everybody, when it is about us or the way; the batch alone, when it was said of its mails, since
 * another batch of another sender may go through meanwhile.
 */
import type { Claimed, Outcome } from './ports.ts'
import { Recent } from '../runtime/recent.ts'
import { closingOf, Gate } from './gate.ts'
import { OutageNote, type ProviderOutage } from './providerOutage.ts'

/** Batches remembered at once: those beyond are as good as new. */
const REMEMBERED = 1_000

export class Gates {
  readonly #all = new Gate()
  readonly #ofBatches = new Recent<Gate>(REMEMBERED)
  readonly #outage = new OutageNote()

  succeeded({ batchId }: Pick<Claimed, 'batchId'>): void {
    this.#all.succeeded()
    this.#outage.succeeded()
    this.#ofBatches.peek(batchId)?.succeeded()
  }

  /** @returns whether it is about everybody. */
  failed({ batchId, seq }: Pick<Claimed, 'batchId' | 'seq'>, outcome: Outcome, now: number): boolean {
    const closing = closingOf(outcome)
    const who = `${batchId}:${seq}`
    if (isOfBatch(outcome) && closing.patience !== undefined) {
      this.#ofBatches.use(batchId, () => new Gate()).failed(closing, now, who)
      return false
    }
    const isOfAll = this.#all.failed(closing, now, who)
    if (isOfAll) this.#outage.refused(outcome, now)
    return isOfAll
  }

  /** Since when nothing has gone through; undefined when something did, or nothing was tried for long. */
  outage(now: number): ProviderOutage | undefined {
    return this.#outage.current(now)
  }

  /** Until everybody may go on; 0 when they may. */
  waitMs(now: number): number {
    return this.#all.waitMs(now)
  }

  /** Until a batch may go on, beside everybody else. */
  waitMsOf(batchId: string, now: number): number {
    return this.#ofBatches.peek(batchId)?.waitMs(now) ?? 0
  }

  passed(signal: AbortSignal): Promise<void> {
    return this.#all.passed(signal)
  }
}

/** Relay denied, blocked, over quota: told of a mail it may be for its sender. Too fast, or no way, is for whoever sends. */
const isOfBatch = ({ retryClass }: Outcome): boolean => retryClass === 'account' || retryClass === 'quota'
