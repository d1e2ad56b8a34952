/** One try to connect, and what became of it. */
import { connect } from 'node:net'

/** `refused` has arrived: somebody was there to say no. `silence` is what a dropped packet leaves. */
export type ConnectionFate = 'open' | 'refused' | 'silence' | 'unreachable'

/** Nothing is said over it. Never throws. */
export function tryToConnect(
  { host, port }: { readonly host: string; readonly port: number },
  patienceMs: number,
): Promise<ConnectionFate> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (fate: ConnectionFate) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(fate)
    }
    const timer = setTimeout(end, patienceMs, 'silence')
    socket.once('connect', () => {
      end('open')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      end(code === 'ECONNREFUSED' ? 'refused' : 'unreachable')
    })
  })
}
