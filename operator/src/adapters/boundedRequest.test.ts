import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { boundedGet } from './boundedRequest.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const lookup: LookupFunction = (_host, _options, callback) => {
  callback(new Error('nobody asks for a name here'), [])
}

async function asking(listener: RequestListener, signal = new AbortController().signal) {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return boundedGet({ url, headers: { authorization: 'x' }, lookup, mostBytes: 4_096 }, signal)
}

it('tells status and text', async () => {
  const answer = await asking(({ headers }, response) => response.writeHead(403).end(headers.authorization))
  expect(answer).toMatchObject({ status: 403, text: 'x' })
})

it('goes nowhere else', async () => {
  const answer = await asking((_request, response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  )
  expect(answer.status).toBe(302)
})

it.each<{ why: string; listener: RequestListener }>([
  { why: 'is longer than is read', listener: (_request, response) => response.end('x'.repeat(5_000)) },
  {
    why: 'never ends',
    listener: (_request, response) => {
      const more = () => {
        if (response.write('x'.repeat(1_000))) setImmediate(more)
        else response.once('drain', more)
      }
      more()
    },
  },
  { why: 'breaks off', listener: (_request, response) => void response.write('x', () => response.destroy()) },
])('leaves an answer that $why', async ({ listener }) => {
  await expect(asking(listener)).rejects.toThrow()
})

it('leaves a server that says nothing when the time is over', async () => {
  const stop = new AbortController()
  const asked = asking(() => {
    stop.abort()
  }, stop.signal)
  await expect(asked).rejects.toThrow()
})
