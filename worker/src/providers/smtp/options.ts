/** What is set about an SMTP server. */

export interface SmtpTimeouts {
  /** Until the server's host answers. */
  readonly connectMs: number
  /** Until it greets, and for a handshake of TLS. */
  readonly greetingMs: number
  /** Silence in the conversation: RFC 5321 §4.5.3.2.6 gives the end of a mail ten minutes, and nothing has more. */
  readonly replyMs: number
  /**
   * How long a connection is kept for which there is no mail; half a minute when unset. Servers wait for five minutes
   * (RFC 5321 §4.5.3.2.7) but count who is there, and a mail given to one that they have just closed goes back.
   */
  readonly idleMs?: number
}

export interface SmtpOptions {
  readonly host: string
  /** 465 speaks TLS from the first byte. */
  readonly port: number
  /** Required = STARTTLS or, on port 465, TLS from the start, with a verified certificate; Opportunistic = if offered. */
  readonly tls: 'Required' | 'Opportunistic' | 'Disabled'
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  /** Until the server takes fewer. */
  readonly connections: number
  /** Until the server takes fewer. */
  readonly maxMessagesPerConnection: number
  /** Instead of the sender's domain. */
  readonly ehloName?: string | undefined
  readonly timeouts?: SmtpTimeouts
}

/** RFC 5321 §4.5.3.2; connecting is not of the protocol. */
export const PROTOCOL_TIMEOUTS: SmtpTimeouts = { connectMs: 15_000, greetingMs: 300_000, replyMs: 600_000 }
