/** Stands between a client and a server, passes bytes on, and ends its first connection after so many of them. */
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export interface Cut {
  /** `up` is what the client says. */
  readonly direction: 'up' | 'down'
  /** How many bytes are passed on; none after them, in either direction. */
  readonly afterBytes: number
  /** With FIN, or with RST. */
  readonly how: 'end' | 'reset'
}

export interface CuttingProxy {
  readonly port: number
  /** What passed, of all connections. */
  readonly passed: Record<Cut['direction'], number>
  close(): void
}

/** @param target port of the server, once there is one */
export async function startCuttingProxy(target: () => number, cut: Cut | undefined): Promise<CuttingProxy> {
  const passed = { up: 0, down: 0 }
  const open = new Set<Socket>()
  let isFirst = true
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: target(), noDelay: true })
    const both = [client, upstream]
    const mine = isFirst ? cut : undefined
    isFirst = false
    let left = mine?.afterBytes ?? Infinity
    const end = () => {
      for (const socket of both) {
        socket.removeAllListeners('data')
        socket.resume()
        if (mine?.how === 'reset') socket.resetAndDestroy()
        else socket.end()
      }
    }
    const pass = (from: Socket, to: Socket, direction: Cut['direction']) => {
      open.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        open.delete(from)
        to.end()
      })
      from.on('data', (chunk) => {
        const part = mine?.direction === direction ? chunk.subarray(0, left) : chunk
        if (mine?.direction === direction) left -= part.length
        passed[direction] += part.length
        if (part.length > 0) to.write(part)
        if (left === 0) end()
      })
    }
    pass(client, upstream, 'up')
    pass(upstream, client, 'down')
    if (left === 0) end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
