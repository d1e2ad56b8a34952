/** SMTP through a pool of connections; every failure is told apart by whether the mail may have been taken. */
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import type { OutgoingMail, Outcome, Provider } from '../sending/ports.ts'
import type { SmtpFailure } from './smtpClasses.ts'
import { splitSender } from '../domain/address.ts'
import { classifySmtp } from './smtpClasses.ts'
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
}

const DNS_MS = 10_000
const GREETING_MS = 10_000
/** From the lookup of the name to the end of STARTTLS; the greeting has its own time only within it. */
const CONNECT_MS = 15_000
const SILENCE_MS = 30_000

export function smtp(options: SmtpOptions): Provider {
  const { host, port, username, password, connections } = options
  const poolLog = new SmtpPoolLog()
  const transport = createTransport({
    pool: true,
    host,
    port,
    ...tlsOptions(options),
    ...(username !== undefined && { auth: { user: username, pass: password ?? '' } }),
    maxConnections: connections,
    maxMessages: 100,
    maxRequeues: 0,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    dnsTimeout: DNS_MS,
    socketTimeout: SILENCE_MS,
    logger: poolLog.logger,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
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

  const send = async (mail: OutgoingMail): Promise<Outcome> => {
    const { from, to, subject, text, html, messageId, headers } = mail
    try {
      const info = await transport.sendMail({
        from: splitSender(from),
        to: { name: '', address: to },
        subject,
        text,
        html,
        messageId,
        headers,
      })
      return { retryClass: 'accepted', providerMessageId: messageId, detail: info.response }
    } catch (error) {
      const bodyRead = bodies.get(messageId)?.readableDidRead === true
      return classifySmtp(failureOf(error, bodyRead, poolLog.lastReply(messageId)))
    } finally {
      bodies.delete(messageId)
      poolLog.forget(messageId)
    }
  }
  return {
    name: 'smtp',
    send,
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
