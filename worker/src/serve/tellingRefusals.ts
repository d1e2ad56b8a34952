/** What the log tells of refusals, in the words of the server: each kind of a batch once, and what a batch paused for. */
import type { DominantRefusal } from '../domain/pauseReason.ts'
import type { Claimed, Outcome } from '../sending/ports.ts'
import type { Context } from './context.ts'
import { withoutAddresses } from '../domain/reply.ts'
import { NewRefusals } from '../sending/newRefusals.ts'

export function tellingRefusals({ log, metrics }: Pick<Context, 'log' | 'metrics'>) {
  const refusals = new NewRefusals()
  return {
    onRefused: ({ batchId, seq }: Claimed, outcome: Outcome): void => {
      if (!refusals.isNew(batchId, outcome)) return
      const { retryClass, code, stage, replyCode, enhancedCode, detail = '' } = outcome
      const words = withoutAddresses(detail)
      log.warn(
        { batchId, seq, class: retryClass, code, stage, replyCode, enhancedCode, words },
        'a refusal that this batch had not met',
      )
    },
    onPaused: (batchId: string, refusal: DominantRefusal): void => {
      metrics.batchesPaused.inc({ class: refusal.class })
      log.error(
        { batchId, ...refusal, detail: withoutAddresses(refusal.detail ?? '') },
        'a batch paused by itself: most of its last mails got the same refusal',
      )
    },
  }
}
