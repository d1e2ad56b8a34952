/** What a server or a provider's API said of a mail, and where in the conversation. */

/** From the first packet to the answer to the end of the mail; `api` of a provider that is asked by HTTP. */
export const STAGES = [
  'connect',
  'greeting',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'end_of_data',
  'api',
] as const

export type Stage = (typeof STAGES)[number]

export interface Reply {
  readonly stage?: Stage
  /** Three digits of SMTP, or the status of HTTP; undefined when no answer came. */
  readonly replyCode?: number
  /** Such as `5.1.1` (RFC 3463). */
  readonly enhancedCode?: string
  /** The words, as they came. */
  readonly detail?: string
}

/** Before it nothing was said of any mail. */
const OF_NO_MAIL: readonly (Stage | undefined)[] = ['connect', 'greeting', 'ehlo', 'starttls', 'auth']

export const isBeforeMail = (stage: Stage | undefined): boolean => OF_NO_MAIL.includes(stage)

/** Where servers put it: behind the basic code, with `#` or in brackets by some. */
const ENHANCED = /^\s*[245]\d\d[ -]\s*[#([]?\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)/

/** qmail's place for it. */
const AT_THE_END = /\(#([245])\.(\d{1,3})\.(\d{1,3})\)\s*$/

/**
 * @param text a reply of SMTP as it came, of one or several lines, each of which may have it (RFC 2034 §4)
 * @returns of the first that has one; undefined as well when it contradicts the basic code (RFC 3463 §2)
 */
export function enhancedCodeOf(text: string): string | undefined {
  const ofLines = text.split(/\r?\n/).map((line) => ENHANCED.exec(line))
  const found = ofLines.find((one) => one !== null) ?? AT_THE_END.exec(text)
  const [, digit, subject, detail] = found ?? []
  return digit === text.trimStart()[0] ? `${digit}.${Number(subject)}.${Number(detail)}` : undefined
}

/** The words of a reply of SMTP without the codes before each line, as one line. */
export function wordsOf(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/^\s*[245]\d\d[ -]?\s*(?:[#([]?\s*[245]\.\d{1,3}\.\d{1,3}[)\]]?)?\s*/, ''))
    .join(' ')
    .trim()
}

/** Whether an address of the mailbox itself is refused for good: what a bounce says by webhook is said in the session. */
const NO_SUCH_MAILBOX = /^5\.1\.(1|3|6|10)$/

/** At RCPT or after the mail: before it, the only address is the sender's. 5.1.2 is of a domain, which may come back. */
export function saysNoMailbox({ stage, enhancedCode }: Reply): boolean {
  return (stage === 'rcpt' || stage === 'end_of_data') && NO_SUCH_MAILBOX.test(enhancedCode ?? '')
}

/** The words of a server for the log, which holds no addresses. */
export const withoutAddresses = (words: string): string =>
  words.replace(/[^\s<>"'(:]+@[^\s<>"'),;:]+/g, '[redacted]')
