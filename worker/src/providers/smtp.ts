/** SMTP through a pool of connections; every failure is told apart by whether the mail may have been taken. */
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import type { OutgoingMail, Outcome, Provider } from '../sending/ports.ts'
import type { SmtpFailure } from './smtpClasses.ts'
import { splitSender } from '../domain/address.ts'
import { classifySmtp } from './smtpClasses.ts'

export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** Required = STARTTLS or, on port 465, TLS from the start, with a verified certificate; Opportunistic = if offered. */
  readonly tls: 'Required' | 'Opportunistic' | 'Disabled'
  readonly username: string | undefined
  readonly password: string | undefined
  readonly connections: number
}

const CONNECT_MS = 10_000
const SILENCE_MS = 30_000

export function smtp(options: SmtpOptions): Provider {
  const { host, port, username, password, connections } = options
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
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
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
      return classifySmtp(failureOf(error, bodies.get(messageId)?.readableDidRead === true))
    } finally {
      bodies.delete(messageId)
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

function failureOf(error: unknown, bodyRead: boolean): SmtpFailure {
  if (!(error instanceof Error)) return { bodyRead, message: String(error) }
  const { code, command, responseCode, response } = error as Error & Partial<Record<string, unknown>>
  return {
    bodyRead,
    message: typeof response === 'string' ? response : error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof command === 'string' && { command }),
    ...(typeof responseCode === 'number' && { responseCode }),
  }
}
