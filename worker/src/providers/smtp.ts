/** SMTP through a pool of connections; every failure is told apart by whether the mail may have been taken. */
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import type { OutgoingMail, Outcome, Provider } from '../sending/ports.ts'
import type { SmtpFailure } from './smtpClasses.ts'
import { splitSender } from '../domain/address.ts'
import { LoginNote } from '../sending/loginNote.ts'
import { classifySmtp, refusesLogin } from './smtpClasses.ts'
import { SmtpPoolLog } from './smtpPoolLog.ts'
import type { ServerReply } from './smtpPoolLog.ts'

export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** Required = STARTTLS or, on port 465, TLS from the start, with a verified certificate; Opportunistic = if offered. */
  readonly tls: 'Required' | 'Opportunistic' | 'Disabled'
  readonly username: string | undefined
  readonly password: string | undefined
  readonly connections: number
  /** Until the server takes fewer. */
  readonly maxMessagesPerConnection: number
}

const DNS_MS = 10_000
const GREETING_MS = 10_000
/** From the lookup of the name to the end of STARTTLS; the greeting has its own time only within it. */
const CONNECT_MS = 15_000
const SILENCE_MS = 30_000

interface Offered {
  readonly outcome: Outcome
  /** Whether it was about a connection that had carried mails, so that a new one may take this mail. */
  readonly isOfConnection?: boolean
  /** How many mails the connection takes, where it has taken them and wants no more. */
  readonly most?: number
}

export function smtp(options: SmtpOptions): Provider {
  const { host, port, username, password, connections, maxMessagesPerConnection } = options
  const poolLog = new SmtpPoolLog()
  const login = new LoginNote()
  const hasLogin = username !== undefined
  const transport = createTransport({
    pool: true,
    host,
    port,
    ...tlsOptions(options),
    ...(hasLogin && { auth: { user: username, pass: password ?? '' } }),
    maxConnections: connections,
    maxMessages: maxMessagesPerConnection,
    maxRequeues: 0,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    dnsTimeout: DNS_MS,
    socketTimeout: SILENCE_MS,
    logger: poolLog.logger,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  /** Each connection reads them after each mail; the type of the transport does not show them. */
  const pool = (transport.transporter as unknown as { readonly options: { maxMessages: number } }).options
  /** The stream of each mail under way: once the server has read of it, it may have taken the mail. */
  const bodies = new Map<string, Readable>()
  transport.use('stream', (mail, done) => {
    const { message } = mail
    const createReadStream = message.createReadStream.bind(message)
    message.createReadStream = (streamOptions) => {
      const body = createReadStream(streamOptions)
      bodies.set(message.messageId(), body)
      return body
    }
    done()
  })

  const offer = async (mail: OutgoingMail): Promise<Offered> => {
    const { from, replyTo, to, subject, text, html, messageId, headers } = mail
    try {
      const info = await transport.sendMail({
        from: splitSender(from),
        ...(replyTo !== undefined && { replyTo: splitSender(replyTo) }),
        to: { name: '', address: to },
        subject,
        text,
        html,
        messageId,
        headers,
      })
      if (hasLogin) login.note('accepted')
      return { outcome: { retryClass: 'accepted', providerMessageId: messageId, detail: info.response } }
    } catch (error) {
      const bodyRead = bodies.get(messageId)?.readableDidRead === true
      const failure = failureOf(error, bodyRead, poolLog.lastReply(messageId))
      if (hasLogin && refusesLogin(failure)) login.note('refused')
      const carried = poolLog.carriedBefore(messageId)
      return { outcome: classifySmtp(failure), ...(carried > 0 && ofConnection(failure, carried)) }
    } finally {
      bodies.delete(messageId)
      poolLog.forget(messageId)
    }
  }
  /** Each connection that takes no more is left by the pool, so that no more of them can be in the way. */
  const send = async (mail: OutgoingMail): Promise<Outcome> => {
    let offered = await offer(mail)
    for (let left = connections; left > 0 && offered.isOfConnection === true; left -= 1) {
      if (offered.most !== undefined) pool.maxMessages = Math.min(pool.maxMessages, offered.most)
      offered = await offer(mail)
      // A new connection does not take it either: it was not about the connection.
      if (offered.outcome.retryClass === 'throttle' && offered.most === undefined)
        pool.maxMessages = maxMessagesPerConnection
    }
    return offered.outcome
  }
  /** Over a connection of its own. */
  const tryLogin = async (): Promise<void> => {
    try {
      await transport.verify()
      login.note('accepted')
    } catch (error) {
      if (refusesLogin(failureOf(error, false, undefined))) login.note('refused')
    }
  }
  return {
    name: 'smtp',
    send,
    login: () => login.said,
    ...(hasLogin && { tryLogin }),
    close: () => {
      transport.close()
    },
  }
}

function tlsOptions({ tls, port }: SmtpOptions) {
  const secure = tls === 'Required' && port === 465
  if (tls === 'Required') return { secure, requireTLS: !secure }
  if (tls === 'Opportunistic') return { opportunisticTLS: true, tls: { rejectUnauthorized: false } }
  return { ignoreTLS: true }
}

const TOO_MANY = /too many/i

/**
 * OpenSMTPD says `452 4.5.3 Too many recipients: Too many messages sent` of a connection that carried its most. With 421
 * servers end one (RFC 5321 §3.8), for being idle, for a restart; whoever is too fast is too fast on a new one as well.
 */
function ofConnection(failure: SmtpFailure, carried: number): Omit<Offered, 'outcome'> {
  const { responseCode, command, bodyRead, message } = failure
  if (bodyRead) return {}
  if (responseCode === 452 && command === 'MAIL FROM' && TOO_MANY.test(message))
    return { isOfConnection: true, most: carried }
  return { isOfConnection: responseCode === 421 && classifySmtp(failure).retryClass === 'transient' }
}

/** @param lastReply what the error lacks when a used connection was ended */
function failureOf(error: unknown, bodyRead: boolean, lastReply: ServerReply | undefined): SmtpFailure {
  if (!(error instanceof Error)) return { bodyRead, message: String(error) }
  const own = error as Error & Partial<Record<'code' | 'command' | 'responseCode' | 'response', unknown>>
  const { code, command } = own
  const { responseCode, response } = own.responseCode === undefined && lastReply ? lastReply : own
  return {
    bodyRead,
    message: typeof response === 'string' ? response : error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof command === 'string' && { command }),
    ...(typeof responseCode === 'number' && { responseCode }),
  }
}
