/** What the tests want of each mail server that people run, whoever made it. */

export interface MailServer {
  /** Of the loopback address. */
  readonly port: number
  /** Recipients of all mails that it took, by its own log, in any order. */
  taken(): Promise<readonly string[]>
  log(): Promise<string>
  stop(): Promise<void>
}

export interface MailServerOptions {
  /** Whether it offers PIPELINING, where that can be set. */
  readonly pipelining: boolean
  /** It offers STARTTLS with these. */
  readonly certificate?: Certificate
}

/** PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What each of them refuses: the sender at MAIL, at DATA and at the end, the recipient for good and for now. */
export const REFUSED = {
  sender: 'bad@example.org',
  data: 'nodata@example.org',
  content: 'spam@example.org',
  recipient: 'nobody@example.org',
  forNow: 'later@example.org',
} as const

/** Bytes of the largest mail. */
export const SIZE_AT_MOST = 20_000
