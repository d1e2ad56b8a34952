/** A real SMTP server that keeps what it is sent, in bounded memory, and tells it over HTTP; it delivers nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SMTPServerSession } from 'smtp-server'
import type { Readable } from 'node:stream'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { SMTPServer } from 'smtp-server'
import { listen } from './listen.ts'
import { parseRules, SinkBehaviour } from './sinkBehaviour.ts'

export interface SmtpSinkOptions {
  /** 0 = any free port, for both. */
  readonly smtpPort: number
  readonly httpPort: number
  readonly host?: string
  /** How many of the newest messages are kept; older ones are forgotten, the count goes on. */
  readonly keep?: number
  /** A file to which messages are written before they are answered, and from which they are read at the start. */
  readonly journal?: string | undefined
}

/** One line of `GET /messages`: one per envelope recipient, in the order of acceptance. */
export interface SunkMessage {
  readonly seq: number
  readonly recipient: string
  readonly from: string
  readonly subject: string
  /** Names in lower case; of a repeated header the last one. */
  readonly headers: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly receivedAt: string
}

export interface SmtpSink {
  readonly smtpPort: number
  /** Of the HTTP front. */
  readonly url: string
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 65_536

/**
 * `GET /messages?after=N` JSON lines of SunkMessage with seq > N · `GET /count` all ever accepted ·
 * `POST /behaviour` replaces the rules (see sinkBehaviour.ts).
 */
export async function startSmtpSink(options: SmtpSinkOptions): Promise<SmtpSink> {
  const keep = options.keep ?? 200_000
  const behaviour = new SinkBehaviour()
  const { journal } = options
  const lines =
    journal !== undefined && existsSync(journal)
      ? readFileSync(journal, 'utf8').split('\n').filter(Boolean)
      : []
  let count = lines.length
  const record = (session: SMTPServerSession, head: string) => {
    const headers = parseHeaders(head)
    const { mailFrom } = session.envelope
    for (const { address } of session.envelope.rcptTo) {
      count += 1
      const message: SunkMessage = {
        seq: count,
        recipient: address,
        from: mailFrom === false ? '' : mailFrom.address,
        subject: headers['subject'] ?? '',
        headers,
        receivedAt: new Date().toISOString(),
      }
      const line = JSON.stringify(message)
      lines.push(line)
      if (journal !== undefined) appendFileSync(journal, `${line}\n`)
    }
    if (lines.length > keep * 1.1) lines.splice(0, lines.length - keep)
  }

  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onConnect: (session, done) => {
      refuseEhlo(smtp, session, behaviour)
      behaviour.at('greeting', [session.remoteAddress]).then(() => {
        done()
      }, done)
    },
    onAuth: (auth, _session, done) => {
      behaviour.at('auth', [auth.username ?? '']).then(
        () => {
          done(null, { user: auth.username ?? '' })
        },
        (error: unknown) => {
          done(asError(error))
        },
      )
    },
    onMailFrom: (address, _session, done) => {
      behaviour.at('mail', [address.address]).then(() => {
        done()
      }, done)
    },
    onRcptTo: (address, _session, done) => {
      behaviour.at('rcpt', [address.address]).then(() => {
        done()
      }, done)
    },
    onData: (stream, session, done) => {
      const recipients = session.envelope.rcptTo.map(({ address }) => address)
      readHead(stream)
        .then(async (head) => {
          await behaviour.at('data', recipients)
          record(session, head)
          if (behaviour.drops(recipients)) disconnect(smtp, session)
          else done()
        })
        .catch((error: unknown) => {
          done(asError(error))
        })
    },
  })
  smtp.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    smtp.server.once('error', reject)
    smtp.listen(options.smtpPort, options.host ?? '127.0.0.1', resolve)
  })

  const http = createServer((request, response) => {
    answer(request, response).catch(() => {
      response.writeHead(400).end('not understood\n')
    })
  })
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://sink')
    if (url.pathname === '/count') return void response.end(`${count}\n`)
    if (url.pathname === '/behaviour' && request.method === 'POST') {
      behaviour.replace(parseRules(await text(request)))
      return void response.writeHead(204).end()
    }
    if (url.pathname !== '/messages') return void response.writeHead(404).end('not here\n')
    const first = count - lines.length
    const after = Math.max(0, Number(url.searchParams.get('after') ?? 0) - first)
    response.setHeader('content-type', 'application/jsonl')
    response.end(
      lines
        .slice(after)
        .map((line) => `${line}\n`)
        .join(''),
    )
  }
  const { url, close } = await listen(http, options.httpPort, options.host)
  const address = smtp.server.address()
  return {
    smtpPort: typeof address === 'object' && address !== null ? address.port : options.smtpPort,
    url,
    close: async () => {
      await close()
      await new Promise<void>((resolve) => {
        smtp.close(resolve)
        for (const connection of connectionsOf(smtp)) connection._socket.destroy()
      })
    },
  }
}

/** The header section only: the body is read and let go. */
async function readHead(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let complete = false
  for await (const chunk of stream) {
    if (complete) continue
    const bytes = chunk as Buffer
    chunks.push(bytes)
    sizeBytes += bytes.length
    complete = sizeBytes > MAX_HEADER_BYTES || bytes.includes('\r\n\r\n')
  }
  return Buffer.concat(chunks).toString('latin1').split('\r\n\r\n', 1)[0] ?? ''
}

function parseHeaders(head: string): Record<string, string> {
  const unfolded = head.replace(/\r\n[ \t]+/g, ' ')
  const headers: Record<string, string> = {}
  for (const line of unfolded.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}

interface Connection {
  readonly session: SMTPServerSession
  readonly _socket: { destroy(): void }
  handler_EHLO(command: Buffer, done: () => void): void
  handler_HELO(command: Buffer, done: () => void): void
  send(code: number, message: string): void
}

/** The library keeps its connections in a set that its types do not show. */
const connectionsOf = (smtp: SMTPServer): Set<Connection> =>
  (smtp as unknown as { connections: Set<Connection> }).connections

/** The library asks nobody about EHLO; a client that is refused it may try HELO. */
function refuseEhlo(smtp: SMTPServer, session: SMTPServerSession, behaviour: SinkBehaviour): void {
  for (const connection of connectionsOf(smtp)) {
    if (connection.session !== session) continue
    for (const name of ['handler_EHLO', 'handler_HELO'] as const) {
      const greet = connection[name].bind(connection)
      connection[name] = (command, done) => {
        behaviour.at('ehlo', [session.remoteAddress]).then(
          () => {
            greet(command, done)
          },
          (error: unknown) => {
            const { message, responseCode = 550 } = error as Error & { responseCode?: number }
            connection.send(responseCode, message)
            done()
          },
        )
      }
    }
  }
}

/** Hangs up after the mail was taken and before the client was told: nobody knows whether it was accepted. */
function disconnect(smtp: SMTPServer, session: SMTPServerSession): void {
  for (const connection of connectionsOf(smtp)) {
    if (connection.session === session) connection._socket.destroy()
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

if (import.meta.main) {
  const { SMTP_PORT, HTTP_PORT, KEEP, JOURNAL } = process.env
  const sink = await startSmtpSink({
    smtpPort: Number(SMTP_PORT ?? 2525),
    httpPort: Number(HTTP_PORT ?? 8025),
    host: '0.0.0.0',
    journal: JOURNAL,
    ...(KEEP !== undefined && { keep: Number(KEEP) }),
  })
  console.log(JSON.stringify({ smtpPort: sink.smtpPort, url: sink.url }))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void sink.close().then(() => process.exit(0)))
  }
}
