/** Which refusals nobody was told of yet: one line of the log for each kind of a batch, however many recipients it meets. */
import type { Outcome } from './ports.ts'
import { Recent } from '../runtime/recent.ts'

const REMEMBERED = 1_000

export class NewRefusals {
  readonly #seen = new Recent<true>(REMEMBERED)

  /** Of more kinds than are remembered those that were seen longest ago are told again. */
  isNew(batchId: string, { retryClass, code, stage, enhancedCode }: Outcome): boolean {
    if (retryClass === 'accepted') return false
    const kind = JSON.stringify([batchId, retryClass, code, stage, enhancedCode])
    const isNew = this.#seen.peek(kind) === undefined
    this.#seen.use(kind, () => true)
    return isNew
  }
}
