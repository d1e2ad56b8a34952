/**
 * One connection to an outside server through which no more than so many bytes come in, in no more than so much time: for a
 * client library that reads whatever it is sent. It listens on the loopback interface for that one client.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Account } from './answerBudget.ts'

export interface Limits {
  /** From the server, over the whole of the connection. */
  readonly mostBytes: number
  readonly connectMs: number
  /** How long the connection may last. */
  readonly lastsMs: number
  /** What it may hold beside all others. */
  readonly account: Account
}

export interface Tunnel {
  /** On 127.0.0.1. */
  readonly port: number
  close(): void
}

/** @throws the error of the system when the server is not reached in time. */
export async function boundedTunnel(
  address: { readonly host: string; readonly port: number },
  { mostBytes, connectMs, lastsMs, account }: Limits,
): Promise<Tunnel> {
  const outside = await reached(address, connectMs)
  const server = createServer({ pauseOnConnect: true })
  const ends: Socket[] = [outside]
  const close = () => {
    clearTimeout(timer)
    server.close()
    for (const socket of ends) socket.destroy()
  }
  const timer = setTimeout(close, lastsMs)
  server.once('connection', (client: Socket) => {
    // Nobody else is let in.
    server.close()
    ends.push(client)
    join(client, outside, { mostBytes, account }, close)
  })
  outside.on('error', close)
  outside.once('close', account.end)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close }
}

async function reached(
  address: { readonly host: string; readonly port: number },
  ms: number,
): Promise<Socket> {
  const socket = connect(address)
  // Nothing is read before there is somebody to read it.
  socket.pause()
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ms) })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function join(
  client: Socket,
  outside: Socket,
  { mostBytes, account }: Pick<Limits, 'mostBytes' | 'account'>,
  close: () => void,
): void {
  let bytes = 0
  outside.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostBytes || !account.take(chunk.length)) close()
  })
  client.on('error', close)
  outside.pipe(client)
  client.pipe(outside)
  outside.once('close', () => client.end())
  client.once('close', close)
  client.resume()
}
