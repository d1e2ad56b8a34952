/** How many requests of the last two minutes were answered late, or not as they should have been. */
import type { Answers } from './ports.ts'
import { API_LIMITS } from '../../../crds/apiLimits.ts'
import { CountWindow } from '../runtime/countWindow.ts'

/** Takes as long as its body is: up to an hour, for millions of rows. */
const UPLOAD = '/v1/batches/:id/recipients'

export class AnswerWindow {
  readonly #kinds = new CountWindow<'fine' | 'slow' | 'failed'>()

  /**
   * @param route with its parameters by name
   * @param nowMs of a clock that never goes back
   */
  note(route: string, status: number, seconds: number, nowMs: number): void {
    if (route === UPLOAD) return
    const inTime = seconds > API_LIMITS.slowSeconds ? 'slow' : 'fine'
    this.#kinds.note(status >= 500 ? 'failed' : inTime, nowMs)
  }

  sum(nowMs: number): Answers {
    const kinds = this.#kinds.sum(nowMs)
    const [fine, slow, failed] = (['fine', 'slow', 'failed'] as const).map((kind) => kinds.get(kind) ?? 0)
    return {
      answers: (fine ?? 0) + (slow ?? 0) + (failed ?? 0),
      slow: slow ?? 0,
      failed: failed ?? 0,
    }
  }
}
