/** Which refusals nobody was told of yet, and how: one line of the log for each kind of a batch, however many recipients it meets. */
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

/** The words of a server for the log, which holds no addresses. */
export const withoutAddresses = (words: string): string =>
  words.replace(/[^\s<>"'(:]+@[^\s<>"'),;:]+/g, '[redacted]')
