import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, it } from 'vitest'
import { anyAddress } from './anyAddress.ts'

const loopback = Object.values(networkInterfaces())
  .flatMap((all = []) => all)
  .filter(({ internal, scopeid = 0 }) => internal && scopeid === 0)
  .map(({ address }) => address)

it('is where IPv4 and IPv6 are heard, as far as the machine has them', async () => {
  const server = createServer((socket) => socket.end())
  server.listen({ host: await anyAddress(), port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(loopback).toContain('127.0.0.1')
  for (const host of loopback) {
    const socket = connect({ host, port })
    await once(socket, 'connect')
    socket.destroy()
  }
  server.close()
})
