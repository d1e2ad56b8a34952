/** What each failure of SMTP means: a refusal by what was said, and a lost connection by whether the mail may have gone. */
import type { Outcome } from '../../sending/ports.ts'
import type { RetryClass } from '../../domain/retryClasses.ts'
import type { SmtpFailure } from './failure.ts'
import type { Reply } from './replies.ts'
import { enhancedCodeOf } from '../../domain/reply.ts'
import { isSandboxed } from '../replyWords.ts'
import { classOfRefusal } from './refusals.ts'

/** Whose envelope it was. */
interface Addresses {
  readonly from: string
  readonly to: string
}

export function classifySmtp(failure: SmtpFailure, mail?: Addresses): Outcome {
  const { stage, replyCode, fault, words } = failure
  const retryAfterMs = retryAfter(words)
  const enhancedCode = replyCode === undefined ? undefined : enhancedCodeOf(words)
  return {
    retryClass: retryClassOf(failure, mail),
    code: `smtp_${replyCode ?? (fault ?? 'unknown').toLowerCase()}`,
    stage,
    ...(replyCode !== undefined && { replyCode }),
    ...(enhancedCode !== undefined && { enhancedCode }),
    detail: words,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

/** @param messageId our own name of it: SMTP has none */
export function acceptedWith({ code, text }: Reply, messageId: string): Outcome {
  const enhancedCode = enhancedCodeOf(text)
  return {
    retryClass: 'accepted',
    providerMessageId: messageId,
    stage: 'end_of_data',
    replyCode: code,
    ...(enhancedCode !== undefined && { enhancedCode }),
    detail: text,
  }
}

function retryClassOf(failure: SmtpFailure, mail: Addresses | undefined): RetryClass {
  const { stage, replyCode, words } = failure
  if (replyCode === undefined || replyCode < 400) return withoutRefusal(failure)
  const retryClass = classOfRefusal({ stage, replyCode, text: words })
  return retryClass === 'sender' && mail !== undefined && isSandboxed(words, mail) ? 'account' : retryClass
}

/** Nothing was said, or we did not even ask. */
function withoutRefusal({ stage, fault, bodyBegun }: SmtpFailure): RetryClass {
  if (bodyBegun) return 'ambiguous'
  if (fault === 'EAUTH') return 'account'
  if (fault === 'EENVELOPE') return stage === 'mail' ? 'sender' : 'recipient'
  return fault === 'EMESSAGE' ? 'transient' : 'unreachable'
}

/** For good: with 4xx a server says that it cannot look them up now (RFC 4954 §6). */
export function refusesLogin({ stage, replyCode, fault }: SmtpFailure): boolean {
  if (replyCode === undefined) return fault === 'EAUTH'
  return replyCode === 530 || replyCode === 535 || (stage === 'auth' && replyCode >= 500)
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** "try again in 300 seconds", as greylisting servers say; at most an hour. */
function retryAfter(words: string): number | undefined {
  const [, count, unit] = /\bin (\d{1,5}) ?(s|m|h)/i.exec(words) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Math.min(3_600_000, Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 1_000))
}
