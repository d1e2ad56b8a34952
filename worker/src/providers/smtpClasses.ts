/** What each failure of SMTP means: a table, read from the top. */
import type { Outcome } from '../sending/ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'

export interface SmtpFailure {
  /** nodemailer's, such as `EENVELOPE`. */
  readonly code?: string
  /** The command that was refused, such as `RCPT TO`. Of a lost connection it says nothing. */
  readonly command?: string
  /** Of the server's reply; without one the connection failed. */
  readonly responseCode?: number
  /** Whether the server had begun to read the mail. */
  readonly bodyRead: boolean
  /** The server's words. */
  readonly message: string
}

interface Row {
  readonly when: (failure: SmtpFailure) => boolean
  readonly retryClass: RetryClass
  readonly why: string
}

const within = (code: number | undefined, from: number, to: number) =>
  code !== undefined && code >= from && code <= to

const TABLE: readonly Row[] = [
  {
    when: ({ code, responseCode }) => code === 'EAUTH' || responseCode === 530 || responseCode === 535,
    retryClass: 'account',
    why: 'our credentials, whatever the mail',
  },
  {
    when: ({ responseCode, command, message }) =>
      within(responseCode, 400, 499) &&
      (command !== 'RCPT TO' || responseCode === 421) &&
      /rate|too (many|fast)|throttl/i.test(message),
    retryClass: 'throttle',
    why: 'SES says 454 Maximum sending rate exceeded, others 421 or 450 with similar words; at RCPT it is of one mailbox',
  },
  {
    when: ({ responseCode }) => within(responseCode, 400, 499),
    retryClass: 'transient',
    why: 'RFC 5321 §4.2.1',
  },
  {
    when: ({ responseCode, command }) => within(responseCode, 500, 599) && command === 'MAIL FROM',
    retryClass: 'sender',
    why: 'the sender is the same for every recipient',
  },
  {
    when: ({ responseCode }) => within(responseCode, 500, 599),
    retryClass: 'recipient',
    why: 'RFC 5321 §4.2.1',
  },
  {
    when: ({ code, bodyRead }) => !bodyRead && (code === 'EENVELOPE' || code === 'EMESSAGE'),
    retryClass: 'recipient',
    why: 'refused here, before anything was sent',
  },
  { when: ({ bodyRead }) => bodyRead, retryClass: 'ambiguous', why: 'the end of the mail may have arrived' },
  { when: () => true, retryClass: 'unreachable', why: 'refused, DNS, TLS, timeout or a drop before DATA' },
]

export function classifySmtp(failure: SmtpFailure): Outcome {
  const row = TABLE.find(({ when }) => when(failure))
  const { responseCode, code, message } = failure
  const retryAfterMs = retryAfter(message)
  return {
    retryClass: row?.retryClass ?? 'ambiguous',
    code: responseCode === undefined ? `smtp_${(code ?? 'unknown').toLowerCase()}` : `smtp_${responseCode}`,
    detail: message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

/** For good: with 4xx a server says that it cannot look them up now (RFC 4954 §6). */
export function refusesLogin(failure: SmtpFailure): boolean {
  const isAboutLogin =
    failure.code === 'EAUTH' || failure.responseCode === 535 || failure.responseCode === 530
  return isAboutLogin && !within(failure.responseCode, 400, 499)
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** "try again in 300 seconds", as greylisting servers say; at most an hour. */
function retryAfter(message: string): number | undefined {
  const [, count, unit] = /\bin (\d{1,5}) ?(s|m|h)/i.exec(message) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Math.min(3_600_000, Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 1_000))
}
