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
