/**
 * `POST /webhooks/…`: what providers tell. Signed instead of authorized, read as bytes whatever their type says (SNS
 * posts JSON as text/plain), and never limited by 429, which SNS takes for delivered.
 */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Received, Receiver } from '../webhooks/receiver.ts'
import { Problem } from './problem.ts'

export interface WebhookRoutesOptions {
  /** By the last part of the path; only what is configured is there. */
  readonly receivers: Readonly<Record<string, Receiver>>
  readonly onReceived: (provider: string, received: Received) => void
  readonly onForged: (request: FastifyRequest) => void
}

/** A message of SNS has 256 KiB at most, twice that when every character is escaped. */
const BODY_LIMIT = 786_432
/** Of all bodies at once: more wait for a slower flood. */
const BYTES_IN_FLIGHT = 64 * 1_048_576

export function webhookRoutes({ receivers, onReceived, onForged }: WebhookRoutesOptions): FastifyPluginAsync {
  let bytesInFlight = 0
  return (routes) => {
    routes.removeAllContentTypeParsers()
    routes.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
      done(null, body)
    })
    routes.addHook('onRequest', (request, reply, done) => {
      const bytes = sizeOf(request)
      bytesInFlight += bytes
      reply.raw.once('close', () => {
        bytesInFlight -= bytes
      })
      done(bytesInFlight > BYTES_IN_FLIGHT ? new Problem('unavailable') : undefined)
    })
    for (const [provider, receive] of Object.entries(receivers)) {
      routes.post(
        `/webhooks/${provider}`,
        { config: { access: 'signed' }, schema: { hide: true }, bodyLimit: BODY_LIMIT },
        async (request, reply) => {
          const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
          const received = await receive(body, request.headers)
          onReceived(provider, received)
          if (received.kind === 'forged') {
            onForged(request)
            throw new Problem('webhook-signature')
          }
          if (received.kind === 'unavailable') throw new Problem('unavailable')
          return reply.code(200).send({})
        },
      )
    }
    return Promise.resolve()
  }
}

/** What a request may come to hold; the largest there is when it does not say. */
function sizeOf({ headers }: FastifyRequest): number {
  const length = Number(headers['content-length'] ?? BODY_LIMIT)
  return Number.isSafeInteger(length) ? Math.min(BODY_LIMIT, length) : BODY_LIMIT
}
