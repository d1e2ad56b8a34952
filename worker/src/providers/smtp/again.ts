/** Whether a mail that was refused is offered again at once, over another connection. Pure. */
import type { Outcome } from '../../sending/ports.ts'
import type { SmtpFailure } from './failure.ts'
import { isOfConnections } from './refusals.ts'

export type Again =
  /** The connection has carried its most, or was ended: a new one takes the mail. */
  | { readonly because: 'worn'; readonly most?: number }
  /** There are too many connections: the mail waits for one of those that are taken. */
  | { readonly because: 'connections' }
  /** What would end the whole batch, or what speaks of the dialogue: another connection may say something else. */
  | { readonly because: 'opinion' }

const TOO_MANY = /too many/i
/** Unknown command, syntax, bad sequence: of this dialogue (RFC 5321 §4.2.4, §4.3.2). */
const OF_THE_DIALOGUE: readonly number[] = [500, 501, 502, 503, 504]

/**
 * OpenSMTPD says `452 4.5.3 Too many recipients: Too many messages sent` of a connection that carried its most. With 421
 * servers end one (RFC 5321 §3.8), for being idle, for a restart; whoever is too fast is too fast on a new one as well.
 */
export function againBecause(failure: SmtpFailure, outcome: Outcome): Again | undefined {
  const { replyCode, bodyBegun } = failure
  if (replyCode === undefined) return undefined
  if (saysTooManyConnections(failure, outcome)) return { because: 'connections' }
  const { retryClass } = outcome
  const isOfDialogue = retryClass === 'transient' && OF_THE_DIALOGUE.includes(replyCode) && !bodyBegun
  if (retryClass === 'sender' || isOfDialogue) return { because: 'opinion' }
  return bodyBegun ? undefined : wornBecause(failure, outcome)
}

/** With words, with the code of Office 365, or by greeting some with 421 and others not. */
function saysTooManyConnections({ stage, replyCode, words }: SmtpFailure, { retryClass }: Outcome): boolean {
  if (replyCode === 421 && stage === 'greeting') return true
  return retryClass === 'throttle' && (replyCode === 432 || isOfConnections({ text: words }))
}

function wornBecause(
  { stage, replyCode, words, carried }: SmtpFailure,
  { retryClass }: Outcome,
): Again | undefined {
  if (carried === 0) return undefined
  if (replyCode === 452 && stage === 'mail' && TOO_MANY.test(words)) return { because: 'worn', most: carried }
  return replyCode === 421 && retryClass !== 'throttle' ? { because: 'worn' } : undefined
}
