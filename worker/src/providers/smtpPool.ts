/** nodemailer's pool of connections, with what it tells nobody: which connection had a mail, and how it was refused. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import type { OutgoingMail, Outcome } from '../sending/ports.ts'
import type { ServerReply } from './smtpPoolLog.ts'
import type { SmtpFailure } from './smtpClasses.ts'
import { linedPem } from '../../../crds/pem.ts'
import { enhancedCodeOf } from '../domain/reply.ts'
import type { Sender } from './apiSender.ts'
import { senderOf } from './apiSender.ts'
import { ehloNameOf } from './ehloName.ts'
import { mimeOptions } from './mimeOptions.ts'
import { classifySmtp } from './smtpClasses.ts'
import { dial } from './smtpDial.ts'
import { SmtpPoolLog } from './smtpPoolLog.ts'

export interface SmtpTimeouts {
  /** Until the server's host answers. */
  readonly connectMs: number
  /** Until it greets, and for a handshake of TLS. */
  readonly greetingMs: number
  /** Silence in the conversation: RFC 5321 §4.5.3.2.6 gives the end of a mail ten minutes, and nothing has more. */
  readonly replyMs: number
}

export interface SmtpOptions {
  readonly host: string
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

export interface Offered {
  readonly outcome: Outcome
  /** Undefined when the server took it. */
  readonly failure?: SmtpFailure
  /** The connection, where one was ready for the mail. */
  readonly connection: number | undefined
  /** How many mails it had carried or refused before. */
  readonly carried: number
}

type Dialled = (error: Error | null, socket?: { readonly connection: Socket }) => void

/** What the type of the transport does not show of the pool. */
interface Inside {
  /** Read for each new connection, and after each mail. */
  readonly options: { maxConnections: number; maxMessages: number; name?: string }
  readonly _connections: readonly { readonly id: number; readonly queueEntry?: unknown; close(): void }[]
  close(options?: { readonly force: boolean }): void
}

export class SmtpPool {
  readonly #log = new SmtpPoolLog()
  /** The stream of each mail under way: once the server has read of it, it may have taken the mail. */
  readonly #bodies = new Map<string, Readable>()
  readonly #transport
  readonly #pool: Inside
  readonly #ehloName: string | undefined
  #last: { readonly from: string; readonly sender: Sender } | undefined

  constructor(options: SmtpOptions) {
    this.#ehloName = options.ehloName
    this.#transport = transportOf(options, this.#log, this.#bodies)
    this.#pool = this.#transport.transporter as unknown as Inside
  }

  /** Connections that are there or being made. */
  get open(): number {
    return this.#pool._connections.length
  }

  set maxConnections(most: number) {
    this.#pool.options.maxConnections = most
  }

  get maxMessages(): number {
    return this.#pool.options.maxMessages
  }

  set maxMessages(most: number) {
    this.#pool.options.maxMessages = most
  }

  /** Never rejects. */
  async offer(mail: OutgoingMail): Promise<Offered> {
    const { to, messageId } = mail
    const sender = this.#senderOf(mail.from)
    try {
      const info = await this.#transport.sendMail(mimeOptions(mail, sender))
      return { outcome: accepted(messageId, info.response), ...this.#connectionOf(messageId) }
    } catch (error) {
      const bodyRead = this.#bodies.get(messageId)?.readableDidRead === true
      const begun = this.#log.hasBegun(messageId)
      const failure = {
        ...failureOf(error, bodyRead, this.#log.lastReply(messageId)),
        begun,
        mail: { from: sender.address, to },
      }
      return { outcome: classifySmtp(failure), failure, ...this.#connectionOf(messageId) }
    } finally {
      this.#bodies.delete(messageId)
      this.#log.forget(messageId)
    }
  }

  /** So that the next mail has another one; one that has the next mail already is kept. */
  leave(connection: number): void {
    const left = this.#pool._connections.find(({ id }) => id === connection)
    if (left !== undefined && (left.queueEntry === undefined || left.queueEntry === false)) left.close()
  }

  /** Shows the credentials over a connection of its own. @returns why not */
  async verify(): Promise<SmtpFailure | undefined> {
    this.#pool.options.name ??= this.#ehloName ?? ehloNameOf('')
    try {
      await this.#transport.verify()
      return undefined
    } catch (error) {
      return failureOf(error, false, undefined)
    }
  }

  /** @param force ends mails under way as well */
  close(force: boolean): void {
    this.#pool.close({ force })
  }

  /** The same for mail after mail; a new connection calls itself after the one that came last. */
  #senderOf(from: string): Sender {
    if (this.#last?.from === from) return this.#last.sender
    const sender = senderOf(from)
    this.#last = { from, sender }
    this.#pool.options.name = this.#ehloName ?? ehloNameOf(sender.address)
    return sender
  }

  #connectionOf(messageId: string) {
    return {
      connection: this.#log.connectionOf(messageId),
      carried: this.#log.carriedBefore(messageId),
    }
  }
}

function accepted(messageId: string, response: string): Outcome {
  const enhancedCode = enhancedCodeOf(response)
  return {
    retryClass: 'accepted',
    providerMessageId: messageId,
    stage: 'end_of_data',
    replyCode: Number(response.slice(0, 3)),
    ...(enhancedCode !== undefined && { enhancedCode }),
    detail: response,
  }
}

function transportOf(options: SmtpOptions, log: SmtpPoolLog, bodies: Map<string, Readable>) {
  const { host, port, username, password, connections, maxMessagesPerConnection } = options
  const { connectMs, greetingMs, replyMs } = options.timeouts ?? PROTOCOL_TIMEOUTS
  const transport = createTransport({
    pool: true,
    host,
    port,
    ...tlsOptions(options),
    ...(username !== undefined && { auth: { user: username, pass: password ?? '' } }),
    maxConnections: connections,
    maxMessages: maxMessagesPerConnection,
    maxRequeues: 0,
    getSocket: (_options: unknown, callback: Dialled) => {
      dial(host, port, connectMs).then(
        (connection) => {
          callback(null, { connection })
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)))
        },
      )
    },
    // From the first packet to the end of STARTTLS: the greeting and a handshake have their own time only within it.
    connectionTimeout: connectMs + 2 * greetingMs,
    greetingTimeout: greetingMs,
    socketTimeout: replyMs,
    logger: log.logger,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
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
  return transport
}

function tlsOptions({ tls, port, ca }: SmtpOptions) {
  const secure = tls === 'Required' && port === 465
  const trusted = ca === undefined ? {} : { tls: { ca: linedPem(ca) } }
  if (tls === 'Required') return { secure, requireTLS: !secure, ...trusted }
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
