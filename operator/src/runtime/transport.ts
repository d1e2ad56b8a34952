/** HTTP to the API server: pooled connections, deadlines, honest retries, raw JSON both ways. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Credentials, TlsMaterial } from './credentials.ts'
import type { RequestMetrics } from './metrics.ts'
import { Agent, request } from 'node:https'
import { urlToHttpOptions } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from './errors.ts'
import { pauseBeforeRetry } from './retry.ts'

export { ApiError } from './errors.ts'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal
  /** For the whole call with its retries; 30 s when left out. */
  readonly deadlineMs?: number
}

export interface Answer<Body> {
  readonly status: number
  readonly body: Body
}

export interface Transport {
  /** @throws ApiError for any answer but 2xx; Error for lost connections and missed deadlines. */
  request<Body>(call: Call): Promise<Answer<Body>>
  /** Opens a watch on a connection of its own, which ends when the body is left. @throws ApiError */
  stream(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Buffer>>
  close(): void
}

export const APPLY_PATCH = 'application/apply-patch+yaml'

const DEADLINE_MS = 30_000

export function createTransport(
  credentials: Credentials,
  metrics?: RequestMetrics,
  { maxSockets = 16, random = Math.random, userAgent = 'operator' } = {},
): Transport {
  const { protocol, hostname, port } = urlToHttpOptions(new URL(credentials.server))
  const server = { protocol, hostname, port }
  let agent: Agent | undefined
  let material: TlsMaterial | undefined

  /** A changed CA needs new connections; those in use end with their requests. */
  function currentAgent(): Agent {
    const present = credentials.tls()
    if (agent && material === present) return agent
    if (agent) retire(agent)
    material = present
    agent = new Pool({ ...present, keepAlive: true, keepAliveMsecs: 30_000, maxSockets, scheduling: 'lifo' })
    return agent
  }

  /** @param connection where to send it: over the pool, or over a connection made for it alone. */
  function open(
    call: Call,
    connection: () => { readonly agent: Agent | false } & TlsMaterial,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const body = bodyOf(call)
    const authorization = credentials.authorization()
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = request({
        ...server,
        method: call.method,
        path: targetOf(call),
        ...connection(),
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': userAgent,
          ...(authorization !== undefined && { authorization }),
          ...(body && {
            'content-type': call.contentType ?? 'application/json',
            'content-length': body.length,
          }),
        },
      })
      // Stays: a connection may also fail after its answer began, which is then the reader's to see.
      outgoing.on('error', reject).once('response', resolve).end(body)
    })
  }

  async function counted(method: string, opening: Promise<IncomingMessage>): Promise<IncomingMessage> {
    try {
      const response = await opening
      metrics?.requests.inc({ code: String(response.statusCode), method })
      return response
    } catch (error) {
      metrics?.requests.inc({ code: '<error>', method })
      throw error
    }
  }

  async function once<Body>(call: Call, signal: AbortSignal): Promise<Answer<Body>> {
    const response = await counted(
      call.method,
      open(call, () => ({ agent: currentAgent() }), signal),
    )
    const body = await readJson(response)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return { status, body: body as Body }
    throw new ApiError(status, body, retryAfterMs(response))
  }

  return {
    async request<Body>(call: Call): Promise<Answer<Body>> {
      const deadline = withDeadline(call)
      try {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await once<Body>(call, deadline.signal)
          } catch (error) {
            if (deadline.signal.aborted) throw deadline.signal.reason
            const pauseMs = pauseBeforeRetry(call.method, error, attempt, random)
            // The server's own words say more than a missed deadline would.
            if (pauseMs === undefined || performance.now() + pauseMs > deadline.at) throw error
            await sleep(pauseMs, undefined, { signal: deadline.signal }).catch(() => {
              throw deadline.signal.reason
            })
          }
        }
      } finally {
        deadline.clear()
      }
    },

    async stream(path, query, signal) {
      const call = { method: 'GET', path, query } as const
      // A socket of its own: one half-open connection must not take every watch with it.
      const response = await counted(
        'WATCH',
        open(call, () => ({ ...credentials.tls(), agent: false }), signal),
      )
      response.socket.setKeepAlive(true, 30_000)
      const status = response.statusCode ?? 0
      if (status === 200) return response
      throw new ApiError(status, await readJson(response), retryAfterMs(response))
    },

    close() {
      agent?.destroy()
    },
  }
}

/**
 * The server reads what is applied as YAML, where JSON in one line costs a quarter more time and three times the
 * memory: up to 1,024 characters of it may still turn out to be a key. The end of a line says that they are none.
 */
function bodyOf({ body, contentType }: Call): Buffer | undefined {
  if (body === undefined) return undefined
  return Buffer.from(JSON.stringify(body, undefined, contentType === APPLY_PATCH ? 1 : 0))
}

function targetOf({ path, query = {} }: Call): string {
  const asked = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  const plain = path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
  return asked.length === 0 ? plain : `${plain}?${asked.join('&')}`
}

/** Connections to one server with one material: Node would join name and certificates anew for each request. */
class Pool extends Agent {
  override getName(): string {
    return 'server'
  }
}

/** Lets an agent go: idle connections at once, those in use when their request has ended. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

/** One signal for the caller's and the deadline's; held by a timer, since composites of signals can be collected. */
function withDeadline(call: Call): { signal: AbortSignal; at: number; clear: () => void } {
  const controller = new AbortController()
  const deadlineMs = call.deadlineMs ?? DEADLINE_MS
  const timer = setTimeout(() => {
    const late = new Error(`no answer to ${call.method} ${call.path} in time`)
    controller.abort(Object.assign(late, { code: 'ETIMEDOUT' }))
  }, deadlineMs)
  const cancel = () => {
    controller.abort(call.signal?.reason)
  }
  call.signal?.addEventListener('abort', cancel, { once: true })
  if (call.signal?.aborted === true) cancel()
  return {
    signal: controller.signal,
    at: performance.now() + deadlineMs,
    clear() {
      clearTimeout(timer)
      call.signal?.removeEventListener('abort', cancel)
    },
  }
}

function retryAfterMs(response: IncomingMessage): number | undefined {
  const seconds = Number(response.headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined
}

function readJson(response: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    response
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => {
        resolve(parsed(Buffer.concat(chunks).toString('utf8')))
      })
      // Stays: it may end more than once.
      .on('error', reject)
  })
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return { kind: 'Status', message: text.slice(0, 200) }
  }
}
