/** Requests over real TLS connections to a server that misbehaves on purpose. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { text } from 'node:stream/consumers'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Credentials, TlsMaterial } from '../../src/runtime/credentials.ts'
import { makeCa, makeLeaf, type KeyPair } from '../../src/adapters/certificateAuthority.ts'
import { createMetrics, type Metrics } from '../../src/runtime/metrics.ts'
import { serveProbes } from '../../src/runtime/probes.ts'
import { APPLY_PATCH, createTransport, type Transport } from '../../src/runtime/transport.ts'
import { until } from './harness.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let ca: KeyPair
let leaf: KeyPair
let server: Server
let sockets: Set<Socket>
let accepted: number
let handler: Handler
let requests: IncomingMessage[]
let credentials: Credentials & { material: TlsMaterial; token: string }
let transport: Transport
let metrics: Metrics

beforeAll(async () => {
  ca = await makeCa({ role: 'ca', commonName: 'test-ca', durationMs: 3_600_000 }, new Date())
  leaf = await makeLeaf(
    {
      role: 'leaf',
      commonName: 'server',
      dnsNames: ['localhost'],
      usages: ['serverAuth'],
      durationMs: 3_600_000,
      issuerSecret: '',
    },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    new Date(),
  )
})
beforeEach(async () => {
  sockets = new Set()
  accepted = 0
  requests = []
  handler = json({})
  server = createServer(
    { cert: leaf['tls.crt'], key: leaf['tls.key'], keepAliveTimeout: 60_000 },
    (request, response) => {
      requests.push(request)
      handler(request, response)
    },
  )
  server.on('secureConnection', (socket) => {
    accepted += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket)).on('error', () => undefined)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  credentials = {
    server: `https://127.0.0.1:${port}`,
    material: { ca: ca['ca.crt'], servername: 'localhost' },
    token: 'first',
    tls: () => credentials.material,
    authorization: () => `Bearer ${credentials.token}`,
  }
  metrics = createMetrics()
  transport = createTransport(credentials, metrics, { random: () => 0, userAgent: 'test/1' })
})
afterEach(async () => {
  transport.close()
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

const answer =
  (status: number, body: unknown, headers = {}) =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
const json = (body: unknown) => answer(200, body)
/** Handles requests by one handler after the other; the last stays. */
const inTurn = (...handlers: readonly [Handler, ...Handler[]]): Handler => {
  let turn = 0
  return (request, response) => {
    const present = handlers[Math.min(turn, handlers.length - 1)] ?? handlers[0]
    turn += 1
    present(request, response)
  }
}
const reset: Handler = ({ socket }) => {
  socket.destroy()
}
const get = (more: object = {}) => transport.request<{ ok?: boolean }>({ method: 'GET', path: '/x', ...more })
const post = (more: object = {}) => transport.request({ method: 'POST', path: '/x', body: { a: 1 }, ...more })

describe('a request', () => {
  it('uses one connection for one after the other, and says who asks', async () => {
    for (let time = 0; time < 20; time += 1) await get()
    expect(accepted).toBe(1)
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer first', 'user-agent': 'test/1' })
  })

  it('refuses a server that its CA does not vouch for', async () => {
    const other = await makeCa({ role: 'ca', commonName: 'other', durationMs: 3_600_000 }, new Date())
    credentials.material = { ca: other['ca.crt'], servername: 'localhost' }
    await expect(get()).rejects.toThrow(/certificate/)
    expect(requests).toHaveLength(0)
  })

  it('uses new connections after the CA changed, and lets requests under way end', async () => {
    let release: () => void = () => undefined
    handler = inTurn((_, response) => {
      release = () => response.end('{"ok":true}')
    }, json({}))
    const underWay = get()
    await until('it is under way', () => requests.length === 1)
    credentials.material = { ...credentials.material }
    await get()
    expect(accepted).toBe(2)
    release()
    expect((await underWay).body).toEqual({ ok: true })
    await until('the old connection is closed', () => sockets.size === 1)
  })

  it('asks for what a path and a query say, whatever they hold', async () => {
    await get({ path: '/api/a b/ü', query: { labelSelector: 'a in (b, c)', fieldManager: 'x&y' } })
    const url = new URL(requests[0]?.url ?? '', 'https://server')
    expect(decodeURIComponent(url.pathname)).toBe('/api/a b/ü')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      labelSelector: 'a in (b, c)',
      fieldManager: 'x&y',
    })
  })

  it('sends what is applied in lines, since the server reads it as YAML, and all else in one', async () => {
    const texts: string[] = []
    handler = (request, response) => {
      void text(request).then((body) => {
        texts.push(body)
        response.end('{}')
      })
    }
    const body = { metadata: { name: 'a\nb' }, list: [1] }
    await post({ body, method: 'PATCH', contentType: APPLY_PATCH })
    await post({ body })
    expect(texts.map((each) => JSON.parse(each) as unknown)).toEqual([body, body])
    expect(texts.map((each) => each.split('\n').length)).toEqual([8, 1])
  })

  it('carries a new token at once', async () => {
    await get()
    credentials.token = 'second'
    await get()
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second'])
  })

  it('waits as long as a busy server asks, whatever the method', async () => {
    handler = inTurn(answer(429, {}, { 'retry-after': '1' }), json({}))
    const startedAt = performance.now()
    await post()
    expect(requests).toHaveLength(2)
    expect(performance.now() - startedAt).toBeGreaterThan(950)
  })

  it('gives up a busy server after ten tries, in its words', async () => {
    handler = answer(429, { kind: 'Status', message: 'too many\nof them', reason: 'TooManyRequests' })
    // Takes the jitter off, and with it nearly all of the pause.
    const busy = createTransport(credentials, undefined, { random: () => -0.499 })
    await expect(busy.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({
      status: 429,
      message: 'too many',
      reason: 'TooManyRequests',
    })
    expect(requests).toHaveLength(10)
    busy.close()
  })

  it('does not wait past its deadline for a server that asks for more', async () => {
    handler = answer(429, {}, { 'retry-after': '30' })
    await expect(get({ deadlineMs: 500 })).rejects.toMatchObject({ status: 429, retryAfterMs: 30_000 })
    expect(requests).toHaveLength(1)
  })

  it('is sent again after a reset only when that does no harm', async () => {
    handler = inTurn(reset, json({ ok: true }))
    expect((await get()).body).toEqual({ ok: true })
    handler = inTurn(reset, json({}))
    await expect(post()).rejects.toThrow(/hang up|ECONNRESET/)
    expect(requests).toHaveLength(3)
  })

  it('is sent again when its answer breaks off in the middle', async () => {
    handler = inTurn(
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{"ok":')
        setImmediate(() => response.socket?.destroy())
      },
      json({ ok: true }),
    )
    expect((await get()).body).toEqual({ ok: true })
  })

  it('ends at its deadline over a connection on which nothing comes, before or in the middle of an answer', async () => {
    handler = () => undefined
    await expect(get({ deadlineMs: 100 })).rejects.toThrow('no answer to GET /x in time')
    handler = (_, response) => response.write('{')
    await expect(get({ deadlineMs: 100 })).rejects.toThrow('no answer to GET /x in time')
  })

  it('ends when its caller leaves', async () => {
    handler = () => undefined
    const caller = new AbortController()
    const left = get({ signal: caller.signal })
    await until('it is under way', () => requests.length === 1)
    caller.abort(new Error('no longer needed'))
    await expect(left).rejects.toThrow('no longer needed')
    await expect(get({ signal: caller.signal })).rejects.toThrow('no longer needed')
    expect(requests).toHaveLength(1)
  })

  it('tells of an answer that is no JSON', async () => {
    handler = answer(502, '<html>bad gateway</html>')
    await expect(post()).rejects.toMatchObject({ status: 502, message: '<html>bad gateway</html>' })
  })

  it('is counted by method and code, lost ones too', async () => {
    await get()
    handler = answer(404, {})
    await get().catch(() => undefined)
    handler = reset
    await post().catch(() => undefined)
    const { values } = await metrics.requests.get()
    expect(values.map(({ labels, value }) => `${labels.method ?? ''} ${labels.code ?? ''} ${value}`)).toEqual(
      ['GET 200 1', 'GET 404 1', 'POST <error> 1'],
    )
  })
})

describe('a watch', () => {
  it('has a connection of its own, which ends when its reader leaves', async () => {
    await get()
    handler = (_, response) => response.write('one\n')
    const never = new AbortController().signal
    for await (const chunk of await transport.stream('/x', { watch: '1' }, never)) {
      expect(chunk.toString()).toBe('one\n')
      expect(sockets.size).toBe(2)
      break
    }
    await until('its connection is closed', () => sockets.size === 1)
  })

  it('ends when it is told to, in the middle of silence', async () => {
    handler = (_, response) => response.write('one\n')
    const stop = new AbortController()
    const read = async () => {
      for await (const chunk of await transport.stream('/x', {}, stop.signal))
        if (chunk.length > 0) stop.abort()
    }
    await expect(read()).rejects.toThrow()
    await until('its connection is closed', () => sockets.size === 0)
  })

  it('that is refused says why', async () => {
    handler = answer(410, { kind: 'Status', reason: 'Expired', message: 'too old' })
    await expect(transport.stream('/x', {}, new AbortController().signal)).rejects.toMatchObject({
      status: 410,
      reason: 'Expired',
    })
  })
})

describe('the probes', () => {
  it('tell health, readiness and metrics', async () => {
    let isReady = false
    const probes = await serveProbes({
      port: 0,
      registry: metrics.registry,
      isHealthy: () => true,
      isReady: () => isReady,
    })
    const ask = (path: string) => fetch(`http://127.0.0.1:${probes.port}${path}`)
    expect((await ask('/healthz')).status).toBe(200)
    expect((await ask('/readyz')).status).toBe(503)
    isReady = true
    expect((await ask('/readyz')).status).toBe(200)
    expect(await (await ask('/metrics')).text()).toContain('# TYPE rest_client_requests_total counter')
    expect((await ask('/other')).status).toBe(404)
    await probes.close()
  })
})
