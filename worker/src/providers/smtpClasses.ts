/** What each failure of SMTP means: a refusal by what was said, and a lost connection by whether the mail may have gone. */
import type { Outcome } from '../sending/ports.ts'
import type { Stage } from '../domain/reply.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import { enhancedCodeOf } from '../domain/reply.ts'
import { isSandboxed } from './replyWords.ts'
import { classOfRefusal } from './smtpRefusals.ts'

export interface SmtpFailure {
  /** nodemailer's, such as `EENVELOPE`. */
  readonly code?: string
  /** The command that was refused, such as `RCPT TO`. Of a lost connection it says nothing. */
  readonly command?: string
  /** Of the server's reply; without one the connection failed. */
  readonly responseCode?: number
  /** Whether the mail had got a connection that was ready for it. */
  readonly begun?: boolean
  /** Whether the server had begun to read the mail. */
  readonly bodyRead: boolean
  /** The server's words. */
  readonly message: string
  readonly mail?: { readonly from: string; readonly to: string }
}

export function classifySmtp(failure: SmtpFailure): Outcome {
  const { responseCode, code, message } = failure
  const retryAfterMs = retryAfter(message)
  const enhancedCode = enhancedCodeOf(message)
  return {
    retryClass: retryClassOf(failure),
    code: responseCode === undefined ? `smtp_${(code ?? 'unknown').toLowerCase()}` : `smtp_${responseCode}`,
    stage: stageOf(failure),
    ...(responseCode !== undefined && { replyCode: responseCode }),
    ...(enhancedCode !== undefined && { enhancedCode }),
    detail: message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

function retryClassOf(failure: SmtpFailure): RetryClass {
  const { responseCode, message, mail } = failure
  if (responseCode === undefined || responseCode < 400) return withoutReply(failure)
  const retryClass = classOfRefusal({ stage: stageOf(failure), replyCode: responseCode, text: message })
  return retryClass === 'sender' && mail !== undefined && isSandboxed(message, mail) ? 'account' : retryClass
}

/** Nothing was said, or nodemailer itself refuses. */
function withoutReply({ code, command, bodyRead, message }: SmtpFailure): RetryClass {
  if (bodyRead) return 'ambiguous'
  if (code === 'EAUTH') return 'account'
  if (code === 'EENVELOPE' && command === 'API') return /sender/i.test(message) ? 'sender' : 'recipient'
  return code === 'EMESSAGE' ? 'transient' : 'unreachable'
}

const STAGE_OF: Readonly<Record<string, Stage>> = {
  EHLO: 'ehlo',
  HELO: 'ehlo',
  LHLO: 'ehlo',
  STARTTLS: 'starttls',
  'MAIL FROM': 'mail',
  'RCPT TO': 'rcpt',
}

/** nodemailer says `CONN` of the greeting and of any connection that ends, `DATA` of the command and of the mail. */
function stageOf(failure: SmtpFailure): Stage {
  const { code, command = '', bodyRead } = failure
  if (bodyRead) return 'end_of_data'
  if (command === 'DATA') return code === 'EMESSAGE' ? 'end_of_data' : 'data'
  if (command.startsWith('AUTH') || code === 'EAUTH') return 'auth'
  return STAGE_OF[command] ?? stageOfConnection(failure)
}

function stageOfConnection({ code, responseCode, begun }: SmtpFailure): Stage {
  if (begun === true) return 'mail'
  return responseCode === undefined && code !== 'EPROTOCOL' ? 'connect' : 'greeting'
}

/** For good: with 4xx a server says that it cannot look them up now (RFC 4954 §6). */
export function refusesLogin({ code, responseCode }: SmtpFailure): boolean {
  const isAboutLogin = code === 'EAUTH' || responseCode === 535 || responseCode === 530
  return isAboutLogin && !(responseCode !== undefined && responseCode >= 400 && responseCode < 500)
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** "try again in 300 seconds", as greylisting servers say; at most an hour. */
function retryAfter(message: string): number | undefined {
  const [, count, unit] = /\bin (\d{1,5}) ?(s|m|h)/i.exec(message) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Math.min(3_600_000, Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 1_000))
}
