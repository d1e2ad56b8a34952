/** How many attempts of the last two minutes were refused, and with which class most of them. */
import type { RetryClass } from '../domain/retryClasses.ts'
import { CountWindow } from '../runtime/countWindow.ts'

export interface Attempts {
  readonly attempts: number
  readonly refused: number
  readonly most?: RetryClass
}

/** What is told to go slower gets there: that is told of by itself when it holds everything up. */
const REFUSES_NOT: readonly RetryClass[] = ['accepted', 'throttle']

export class AttemptWindow {
  readonly #classes = new CountWindow<RetryClass>()

  /** @param nowMs of a clock that never goes back */
  note(retryClass: RetryClass, nowMs: number): void {
    this.#classes.note(retryClass, nowMs)
  }

  sum(nowMs: number): Attempts {
    const counts = this.#classes.sum(nowMs)
    const attempts = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const refusals = [...counts].filter(([retryClass]) => !REFUSES_NOT.includes(retryClass))
    const refused = refusals.reduce((sum, [, count]) => sum + count, 0)
    const [most] = refusals.toSorted(([, one], [, other]) => other - one)
    return { attempts, refused, ...(most && { most: most[0] }) }
  }
}
