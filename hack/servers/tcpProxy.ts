/** A TCP proxy on the loopback interface that can do what bad networks do: reset, refuse, swallow. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Connections open at this moment. */
  connections(): number
  /** Every connection made so far. */
  accepted(): number
  /** Resets every open connection; new ones work. */
  resetAll(): void
  /** Resets every open connection and every new one, until `heal`. */
  refuse(): void
  /** Keeps connections open, and passes nothing on in either direction, until `heal`. */
  swallow(): void
  heal(): void
  close(): Promise<void>
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let mode: 'pass' | 'refuse' | 'swallow' = 'pass'
  let accepted = 0

  const server = createServer((client) => {
    accepted += 1
    if (mode === 'refuse') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(targetPort, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('data', (chunk) => {
        if (mode !== 'swallow') to.write(chunk)
      })
      from.on('error', () => undefined)
      from.once('close', () => {
        pairs.delete(pair)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })

  const resetAll = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy()
      upstream.destroy()
    }
    pairs.clear()
  }
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => pairs.size,
    accepted: () => accepted,
    resetAll,
    refuse() {
      mode = 'refuse'
      resetAll()
    },
    swallow() {
      mode = 'swallow'
    },
    heal() {
      mode = 'pass'
    },
    close: () =>
      new Promise((resolve) => {
        resetAll()
        server.close(() => {
          resolve()
        })
      }),
  }
}
