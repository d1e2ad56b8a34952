/** How many requests of the last two minutes were answered late, or not as they should have been. */
import type { Answers } from './ports.ts'
import { API_LIMITS } from '../../../crds/apiLimits.ts'
import { CountWindow } from '../runtime/countWindow.ts'

type Kind = 'fine' | 'slow' | 'failed'

export class AnswerWindow {
  readonly #kinds = new CountWindow<Kind>()

  /**
   * @param route with its parameters by name
   * @param nowMs of a clock that never goes back
   */
  note(route: string, status: number, seconds: number, nowMs: number): void {
    if (route === API_LIMITS.uploads) return
    const inTime = seconds > API_LIMITS.slowSeconds ? 'slow' : 'fine'
    this.#kinds.note(status >= 500 ? 'failed' : inTime, nowMs)
  }

  sum(nowMs: number): Answers {
    const kinds = this.#kinds.sum(nowMs)
    const of = (kind: Kind) => kinds.get(kind) ?? 0
    return { answers: of('fine') + of('slow') + of('failed'), slow: of('slow'), failed: of('failed') }
  }
}
