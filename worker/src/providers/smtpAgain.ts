/** Whether a mail that was refused is offered again at once, over another connection. Pure. */
import type { Outcome } from '../sending/ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import type { SmtpFailure } from './smtpClasses.ts'
import { isOfConnections } from './smtpRefusals.ts'

export type Again =
  /** The connection has carried its most, or was ended: a new one takes the mail. */
  | { readonly because: 'worn'; readonly most?: number }
  /** There are too many connections: the mail waits for one of those that are taken. */
  | { readonly because: 'connections' }
  /** What would end the whole batch, or what speaks of the dialogue: another connection may say something else. */
  | { readonly because: 'opinion' }

const TOO_MANY = /too many/i
/** Unknown command, syntax, bad sequence: of this dialogue (RFC 5321 §4.2.4, §4.3.2). */
const OF_THE_DIALOGUE: readonly (number | undefined)[] = [500, 501, 502, 503, 504]

/**
 * OpenSMTPD says `452 4.5.3 Too many recipients: Too many messages sent` of a connection that carried its most. With 421
 * servers end one (RFC 5321 §3.8), for being idle, for a restart; whoever is too fast is too fast on a new one as well.
 * @param carried how many mails the connection had carried before
 */
export function againBecause(failure: SmtpFailure, outcome: Outcome, carried: number): Again | undefined {
  const { responseCode, bodyRead, message } = failure
  if (responseCode === undefined) return undefined
  const { retryClass } = outcome
  if (saysTooManyConnections(responseCode, message, outcome)) return { because: 'connections' }
  const isOfDialogue = retryClass === 'transient' && OF_THE_DIALOGUE.includes(responseCode) && !bodyRead
  if (retryClass === 'sender' || isOfDialogue) return { because: 'opinion' }
  return bodyRead || carried === 0 ? undefined : wornBecause(failure, retryClass, carried)
}

/** With words, with the code of Office 365, or by greeting some with 421 and others not. */
function saysTooManyConnections(responseCode: number, text: string, { retryClass, stage }: Outcome): boolean {
  if (responseCode === 421 && stage === 'greeting') return true
  return retryClass === 'throttle' && (responseCode === 432 || isOfConnections({ text }))
}

function wornBecause(failure: SmtpFailure, retryClass: RetryClass, carried: number): Again | undefined {
  const { responseCode, command, message } = failure
  if (responseCode === 452 && command === 'MAIL FROM' && TOO_MANY.test(message))
    return { because: 'worn', most: carried }
  return responseCode === 421 && retryClass !== 'throttle' ? { because: 'worn' } : undefined
}
