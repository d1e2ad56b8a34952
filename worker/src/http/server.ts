/** The public API: who may ask, how much, and how failures are told. */
import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Fastify, { LogController } from 'fastify'
import type { Logger } from '../log.ts'
import type { BatchStore, DeadLetterStore, ListAudit, SuppressionStore, UploadStore } from './ports.ts'
import type { AdmissionOptions } from './admission.ts'
import { admission } from './admission.ts'
import { anyAddress } from './anyAddress.ts'
import { auditRoutes } from './auditRoutes.ts'
import { batchListRoute } from './batchListRoute.ts'
import { batchRoutes } from './batchRoutes.ts'
import { deadLetterRoutes } from './deadLetterRoutes.ts'
import { createBatchRoute } from './createBatchRoute.ts'
import { bodies, releaseBody } from './bodies.ts'
import type { BodyBudgets } from './bodyBudgets.ts'
import { tellClient } from './clientError.ts'
import { describeApi } from './openApi.ts'
import { Problem } from './problem.ts'
import { problemOf } from './problemOf.ts'
import { resolveRoute } from './resolveRoute.ts'
import { recipientRoutes } from './recipientRoutes.ts'
import type { UnsubscribeLinks } from '../unsubscribe.ts'
import { UNSUBSCRIBE_URL } from '../domain/template.ts'
import type { WebhookRoutesOptions } from './webhookRoutes.ts'
import { webhookRoutes } from './webhookRoutes.ts'
import { suppressionRoutes } from './suppressionRoutes.ts'
import { unsubscribeRoutes } from './unsubscribeRoutes.ts'
import { campaignRoutes } from './uploads/campaignRoutes.ts'
import { uploadRoute } from './uploads/uploadRoute.ts'
import { validatorCompiler } from './validation.ts'

export interface ServerOptions extends AdmissionOptions {
  readonly store: BatchStore
  readonly uploads: UploadStore
  readonly suppressions: SuppressionStore
  readonly deadLetters: DeadLetterStore
  readonly audit: ListAudit
  readonly unsubscribe: UnsubscribeLinks | undefined
  readonly webhooks: Omit<WebhookRoutesOptions, 'onForged' | 'readBytes'>
  readonly log: Logger
  readonly maxRequestSizeBytes: number
  readonly budgets: BodyBudgets
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Aborted when told to stop. */
  readonly stopping: AbortSignal
  readonly onAnswered: (method: string, route: string, status: number, seconds: number) => void
}

const RETRY_SECONDS = '5'

export interface ApiServer {
  listen(port: number): Promise<void>
  /** Answers what has been asked, then ends. */
  close(): Promise<void>
}

export async function apiServer(options: ServerOptions): Promise<ApiServer> {
  const server = Fastify({
    loggerInstance: options.log,
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    requestIdHeader: false,
    trustProxy: options.trustedProxies.length > 0 && [...options.trustedProxies],
    frameworkErrors: (error, request, reply: FastifyReply) => {
      void tell(problemOf(error), request, reply)
    },
    clientErrorHandler: (error, socket) => {
      tellClient(error, socket, (requestId) => {
        options.log.debug({ requestId, code: error.code }, 'what came is not a request')
      })
    },
    bodyLimit: 65_536,
    // An address is part of a path, also a sealed one.
    routerOptions: { maxParamLength: 512 },
    // Bodies have deadlines of their own; headers have that of the platform.
    requestTimeout: 0,
    forceCloseConnections: 'idle',
  }).withTypeProvider<TypeBoxTypeProvider>()
  server.setValidatorCompiler(validatorCompiler)
  const parseText = server.getDefaultJsonParser('error', 'error')
  const { json, bytes: readBytes } = bodies(options.budgets, parseText)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', json)
  server.decorateRequest('userId', '')
  server.decorateRequest('held', undefined)

  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    return Promise.resolve()
  })
  server.addHook('onRequest', admission(options))
  server.addHook('onSend', async (request, reply) => {
    releaseBody(request, reply)
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
    if (problem.status >= 500) logFailure(error, request)
    if (problem.type === 'unauthorized') reply.header('www-authenticate', 'Bearer')
    if (problem.type === 'unavailable') reply.header('retry-after', RETRY_SECONDS)
    return tell(problem, request, reply)
  })

  await describeApi(server)
  const { unsubscribe: links, suppressions, limits } = options
  const provided = links === undefined ? [] : [UNSUBSCRIBE_URL]
  const { maxRequestSizeBytes } = options
  await server.register(createBatchRoute(options.store, { maxRequestSizeBytes, provided }))
  await server.register(batchRoutes(options.store, maxRequestSizeBytes))
  await server.register(campaignRoutes(options.store, options.uploads))
  const { uploads, stopping, budgets } = options
  await server.register(
    uploadRoute({ store: uploads, provided, budget: budgets.parsed, parseText, stopping }),
  )
  await server.register(resolveRoute(options.store))
  await server.register(batchListRoute(options.store))
  await server.register(recipientRoutes(options.store))
  await server.register(deadLetterRoutes(options.deadLetters))
  await server.register(auditRoutes(options.audit))
  await server.register(suppressionRoutes(suppressions))
  if (links !== undefined)
    await server.register(unsubscribeRoutes({ links, suppressions, perIp: limits.perIp, readBytes }))
  const onForged = (request: FastifyRequest) => {
    options.onRefused(request, 'webhook-signature')
  }
  await server.register(webhookRoutes({ ...options.webhooks, onForged, readBytes }))
  return {
    listen: async (port) => {
      await server.listen({ port, host: await anyAddress() })
    },
    close: () => server.close(),
  }
}

/** What we said ourselves, for want of room or time, is no error of anybody's. */
function logFailure(error: unknown, { log }: FastifyRequest): void {
  if (error instanceof Problem) log.warn({ problem: error.type }, 'a request was turned away')
  else log.error({ err: error }, 'request failed')
}

function tell(problem: Problem, { id }: FastifyRequest, reply: FastifyReply) {
  return reply
    .code(problem.status)
    .header('x-request-id', id)
    .type('application/problem+json')
    .send(JSON.stringify(problem.document(id)))
}
