/** One connection to a server as a stream of replies: a socket, perhaps with TLS, that is read, written and ended. */
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Fault } from './failure.ts'
import type { Reply } from './replies.ts'
import { ReplyParser } from './replies.ts'

export interface ChannelListener {
  replied(reply: Reply): void
  /** Everything that had come was told. */
  drained(): void
  /** Nothing came or went for as long as is waited. */
  silent(): void
  /** Nothing comes any more, nothing goes; told once. */
  ended(fault: Fault): void
}

/** With several addresses, the next one is tried beside it after so long. */
const NEXT_ADDRESS_MS = 3_000
/** A NAT forgets connections that are silent for minutes. */
const KEEP_ALIVE_MS = 30_000
/** For the answer to QUIT. */
const FAREWELL_MS = 5_000

export class Channel {
  readonly #parser = new ReplyParser()
  #socket: Socket
  #listener: ChannelListener
  #hasEnded = false

  /** Begins to connect. */
  constructor(host: string, port: number, listener: ChannelListener) {
    this.#listener = listener
    this.#socket = connect({ host, port, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS, noDelay: true })
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#listen()
  }

  /** Whether something has come that was not told, or only a part of it. */
  get hasMore(): boolean {
    return !this.#parser.isEmpty
  }

  whenConnected(done: () => void): void {
    this.#socket.once('connect', done)
  }

  handOver(listener: ChannelListener): void {
    this.#listener = listener
  }

  /** @param text one character for each byte */
  write(text: string): void {
    if (!this.#hasEnded) this.#socket.write(text, 'latin1')
  }

  /** For how long nothing may come or go until `silent` is told; in parts of a large mail something goes. */
  silentAfter(ms: number): void {
    this.#socket.setTimeout(ms)
  }

  /** TLS from here on. What came before is not of the server (CVE-2011-0411), and forgotten. */
  upgrade(options: ConnectionOptions, done: () => void): void {
    const plain = this.#socket
    plain.removeAllListeners('data').removeAllListeners('end').removeAllListeners('timeout').setTimeout(0)
    this.#parser.clear()
    try {
      this.#socket = connectTls({ ...options, socket: plain }, done)
      this.#listen()
    } catch (error) {
      this.end({ code: 'ETLS', words: wordsOf(error) })
    }
  }

  /** Ends the connection, without a word. */
  end(fault: Fault): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#socket.destroy()
    this.#listener.ended(fault)
  }

  /** Says goodbye; ends when that was answered, or after a while. */
  quit(): void {
    const former = this.#listener
    const bye = () => {
      this.end({ code: 'ECONNECTION', words: 'QUIT' })
    }
    this.#listener = {
      replied: bye,
      drained: () => undefined,
      silent: bye,
      ended: (fault) => {
        former.ended(fault)
      },
    }
    this.silentAfter(FAREWELL_MS)
    this.write('QUIT\r\n')
  }

  #listen(): void {
    const socket = this.#socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      this.#read(chunk as unknown as string)
    })
    socket.on('timeout', () => {
      this.#listener.silent()
    })
    socket.on('error', (error) => {
      this.end({ code: codeOf(error), words: wordsOf(error) })
    })
    socket.on('end', () => {
      const reply = this.#parser.last()
      if (reply !== undefined) this.#listener.replied(reply)
      this.end(CLOSED)
    })
    socket.on('close', () => {
      if (socket === this.#socket) this.end(CLOSED)
    })
  }

  #read(chunk: string): void {
    const parser = this.#parser
    parser.push(chunk)
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
      this.#listener.replied(reply)
      if (this.#hasEnded) return
    }
    if (parser.fault === undefined) this.#listener.drained()
    else this.end({ code: 'EPROTOCOL', words: parser.fault })
  }
}

const CLOSED: Fault = { code: 'ECONNECTION', words: 'Connection closed unexpectedly' }

/** Of a connection that was there, Node's codes tell nobody anything: `ECONNRESET`, `EPIPE`. */
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined || LOST.has(code) ? 'ECONNECTION' : code
}

/** Node says nothing when it tried several addresses, but for what it said of each. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
