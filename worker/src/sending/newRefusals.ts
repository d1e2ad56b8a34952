/** Which refusals nobody was told of yet: one line of the log for each kind of a batch, however many recipients it meets. */
import type { Outcome } from './ports.ts'

const REMEMBERED = 1_000

export class NewRefusals {
  readonly #seen = new Set<string>()

  /** Of more kinds than are remembered those that were seen longest ago are told again. */
  isNew(batchId: string, { retryClass, code, stage, enhancedCode }: Outcome): boolean {
    if (retryClass === 'accepted') return false
    const kind = JSON.stringify([batchId, retryClass, code, stage, enhancedCode])
    const isKnown = this.#seen.delete(kind)
    this.#seen.add(kind)
    const [oldest] = this.#seen
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest)
    return !isKnown
  }
}
