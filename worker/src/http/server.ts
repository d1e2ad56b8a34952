/** The public API: who may ask, how much, and how failures are told. */
import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { Logger } from '../log.ts'
import type { BatchStore } from './ports.ts'
import type { Tokens } from './tokens.ts'
import { batchRoutes } from './batchRoutes.ts'
import { Problem } from './problem.ts'
import { problemOf } from './problemOf.ts'
import { recipientRoutes } from './recipientRoutes.ts'
import type { WebhookRoutesOptions } from './webhookRoutes.ts'
import { webhookRoutes } from './webhookRoutes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it was; set before anything of the body is read. */
    userId: string
  }
  interface FastifyContextConfig {
    /** Whoever has no token shows a signature of the body instead, which the route checks. */
    access?: 'signed'
  }
}

export interface ServerOptions {
  readonly store: BatchStore
  readonly tokens: Tokens
  readonly webhooks: WebhookRoutesOptions
  readonly log: Logger
  readonly maxRequestSizeBytes: number
  /** Whether the database's schema is one that this program can work with. */
  readonly isServing: () => boolean
  readonly onAnswered: (method: string, route: string, status: number, seconds: number) => void
}

const REQUEST_MS = 60_000
const RETRY_SECONDS = '5'

export interface ApiServer {
  listen(port: number): Promise<void>
  /** Answers what has been asked, then ends. */
  close(): Promise<void>
}

export async function apiServer(options: ServerOptions): Promise<ApiServer> {
  const server = Fastify({
    loggerInstance: options.log,
    disableRequestLogging: true,
    genReqId: () => randomUUID(),
    requestIdLogLabel: 'requestId',
    requestIdHeader: false,
    bodyLimit: 65_536,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false } },
  }).withTypeProvider<TypeBoxTypeProvider>()
  server.removeContentTypeParser('text/plain')
  server.decorateRequest('userId', '')

  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (request.routeOptions.config.access === 'signed') return Promise.resolve()
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const userId = token === undefined ? undefined : options.tokens.userOf(token)
    if (userId === undefined) throw new Problem('unauthorized')
    request.userId = userId
    if (!options.isServing()) throw new Problem('unavailable')
    return Promise.resolve()
  })
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    options.onAnswered(request.method, route, reply.statusCode, reply.elapsedTime / 1_000)
    request.log.debug({ method: request.method, route, status: reply.statusCode }, 'answered')
    return Promise.resolve()
  })
  server.setNotFoundHandler(() => {
    throw new Problem('not-found')
  })
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed')
    if (problem.type === 'unauthorized') reply.header('www-authenticate', 'Bearer')
    if (problem.type === 'unavailable') reply.header('retry-after', RETRY_SECONDS)
    return reply
      .code(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem.document(request.id)))
  })

  await server.register(batchRoutes(options.store, options.maxRequestSizeBytes))
  await server.register(recipientRoutes(options.store))
  await server.register(webhookRoutes(options.webhooks))
  return {
    listen: async (port) => {
      await server.listen({ port, host: '0.0.0.0' })
    },
    close: () => server.close(),
  }
}
