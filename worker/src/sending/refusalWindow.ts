/** Whether one refusal dominates what came last of a batch. Pure but for what it remembers. */
import type { DominantRefusal, Refusal } from '../domain/pauseReason.ts'
import { refusalKey } from '../domain/pauseReason.ts'

export const WINDOW = 25
export const DOMINANT = 20

export class RefusalWindow {
  /** The key of each refusal, the newest last; undefined for what was no refusal. */
  readonly #last: (string | undefined)[] = []

  accepted(): void {
    this.#add(undefined)
  }

  /** @returns the refusal, when it dominates by now; the window is then empty again. */
  refused(refusal: Refusal, detail: string | undefined): DominantRefusal | undefined {
    const key = refusalKey(refusal)
    this.#add(key)
    const count = this.#last.filter((each) => each === key).length
    if (count < DOMINANT) return undefined
    const dominant = { ...refusal, detail: detail ?? null, count, of: this.#last.length }
    this.#last.length = 0
    return dominant
  }

  #add(key: string | undefined): void {
    this.#last.push(key)
    if (this.#last.length > WINDOW) this.#last.shift()
  }
}
