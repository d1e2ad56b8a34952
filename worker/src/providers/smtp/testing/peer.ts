/** A server of one connection whose side of the conversation is a function: what it says, hears, and when it turns to TLS. */
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { TLSSocket } from 'node:tls'

export class Peer {
  readonly heard: string[] = []
  #socket: Socket
  #text = ''
  #wake: () => void = () => undefined
  /** Whether the client ended it. */
  hasEnded = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  /** Lines; as it is where it ends with none. */
  say(...lines: readonly string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''))
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** @returns the next line; an empty one when the client is gone */
  async hear(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\r\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        this.heard.push(line)
        return line
      }
      if (this.hasEnded) return ''
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async upgrade(secureContext: SecureContext): Promise<void> {
    this.#socket.removeAllListeners('data')
    const secure = new TLSSocket(this.#socket, { isServer: true, secureContext })
    this.#socket = secure
    this.#listen()
    await new Promise<void>((resolve) => {
      secure.once('secure', resolve).once('close', resolve)
    })
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #listen(): void {
    const gone = () => {
      this.hasEnded = true
      this.#wake()
    }
    this.#socket.on('error', gone).on('close', gone).on('end', gone)
    this.#socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1')
      this.#wake()
    })
  }
}

export interface PeerServer {
  readonly port: number
  readonly peers: readonly Peer[]
  close(): void
}

/** @param talk for each connection, with its number from 1 */
export async function servePeers(talk: (peer: Peer, number: number) => Promise<void>): Promise<PeerServer> {
  const peers: Peer[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    const peer = new Peer(socket)
    peers.push(peer)
    talk(peer, peers.length).catch(() => {
      peer.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    peers,
    close: () => {
      server.close()
      for (const peer of peers) peer.destroy()
    },
  }
}
