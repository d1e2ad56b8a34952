import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { certificate, sender } from '../testing/snapshots.ts'
import { natsHandshake } from './natsHandshake.ts'
import { shakeHands } from './shakeHands.ts'

let server: Server | undefined
const open = new Set<Socket>()
afterEach(() => {
  for (const socket of open) socket.destroy()
  server?.close()
})

/** @param greet what it does with each connection; closing is the client's */
async function serve(greet: (socket: Socket) => void): Promise<number> {
  server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    greet(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

const allClosed = () => expect.poll(() => open.size).toBe(0)

it.each<{ why: string; greet: (socket: Socket) => void; fault: string }>([
  { why: 'says nothing', greet: () => undefined, fault: 'cannot be reached' },
  { why: 'never ends its greeting', greet: (socket) => socket.write('INFO {'), fault: 'cannot be reached' },
  {
    why: 'pours out a greeting without end',
    greet: (socket) => {
      const chunk = 'x'.repeat(65_536)
      const pour = () => {
        while (!socket.destroyed && socket.write(chunk));
      }
      socket.on('drain', pour)
      pour()
    },
    fault: 'greets without end',
  },
])('a server that $why is left, and nothing of it stays open', async ({ greet, fault }) => {
  const port = await serve(greet)
  const seen = await shakeHands({ node: 'n', host: '127.0.0.1', port }, '')
  expect(seen.fault).toBe(fault)
  await allClosed()
})

it('a name of more addresses than are tried is no node', async () => {
  let dialled = 0
  const port = await serve((socket) => {
    dialled += 1
    socket.destroy()
  })
  const addresses = Array.from({ length: 9 }, (_, index) => ({ address: `127.0.0.${index + 1}`, family: 4 }))
  const observer = natsHandshake({
    addresses: () => [{ node: 'n', host: 'n', port }],
    issued: () => ({ certificate: certificate(), trust: '' }),
    lookup: (_host, _options, callback) => {
      callback(null, addresses)
    },
  })
  const look = await observer.look(sender(), new AbortController().signal)
  expect(look?.good).toBe(false)
  expect(look?.seen.nodes).toEqual([{ name: 'n', fault: 'is a name of 9 addresses, and should be of one' }])
  expect(dialled).toBe(0)
})
