import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { boundedGet } from './boundedRequest.ts'
import { makeCa, makeLeaf } from './certificateAuthority.ts'

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

/** Every name leads to the servers of these tests. */
const leadingHere =
  (onAsked: (host: string) => void = () => undefined): LookupFunction =>
  (host, _options, callback) => {
    onAsked(host)
    callback(null, [{ address: '127.0.0.1', family: 4 }])
  }

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function asking(listener: RequestListener, signal = new AbortController().signal) {
  const url = `http://127.0.0.1:${await listening(createServer(listener))}/`
  return boundedGet({ url, headers: { authorization: 'x' }, lookup, mostBytes: 4_096 }, signal)
}

it('tells status and text', async () => {
  const answer = await asking(({ headers }, response) => response.writeHead(403).end(headers.authorization))
  expect(answer).toMatchObject({ status: 403, text: 'x' })
})

it('goes where the given lookup says that a name leads', async () => {
  const asked: string[] = []
  const port = await listening(createServer((_request, response) => response.end('here')))
  const leading = leadingHere((host) => asked.push(host))
  const given = { url: `http://server.example:${port}/`, headers: {}, lookup: leading, mostBytes: 4_096 }
  expect((await boundedGet(given, new AbortController().signal)).text).toBe('here')
  expect(asked).toEqual(['server.example'])
})

it('believes a private authority that it was given, and no other', async () => {
  const request = { role: 'ca', commonName: 'test CA', durationMs: 3_600_000 } as const
  const [ca, other] = await Promise.all([makeCa(request, new Date()), makeCa(request, new Date())])
  const leaf = await makeLeaf(
    { ...request, role: 'leaf', dnsNames: ['server.example'], usages: ['serverAuth'], issuerSecret: 'ca' },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    new Date(),
  )
  const identity = { cert: leaf['tls.crt'], key: leaf['tls.key'] }
  const port = await listening(createTlsServer(identity, (_request, response) => response.end('here')))
  const ask = (authority: string) => {
    const url = `https://server.example:${port}/`
    const given = { url, headers: {}, ca: authority, lookup: leadingHere(), mostBytes: 16_384 }
    return boundedGet(given, new AbortController().signal)
  }
  expect((await ask(ca['ca.crt'])).text).toBe('here')
  await expect(ask(other['ca.crt'])).rejects.toThrow()
})

it('reads a character that came in two parts', async () => {
  const [first, ...rest] = Buffer.from('ü')
  const answer = await asking((_request, response) => {
    response.write(Buffer.from([first ?? 0]), () => setImmediate(() => response.end(Buffer.from(rest))))
  })
  expect(answer.text).toBe('ü')
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
