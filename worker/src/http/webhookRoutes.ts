/**
 * `POST /webhooks/…`: what providers tell. Signed instead of authorized, read as bytes whatever their type says (SNS
 * posts JSON as text/plain), and never limited by 429, which SNS takes for delivered.
 */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Bodies } from './bodies.ts'
import type { Received, Receiver } from '../webhooks/receiver.ts'
import { Problem } from './problem.ts'

export interface WebhookRoutesOptions {
  /** By the last part of the path; only what is configured is there. */
  readonly receivers: Readonly<Record<string, Receiver>>
  readonly onReceived: (provider: string, received: Received) => void
  readonly onForged: (request: FastifyRequest) => void
  readonly readBytes: Bodies['bytes']
}

/** A message of SNS has 256 KiB at most, twice that when every character is escaped. */
const BODY_LIMIT = 786_432
export function webhookRoutes(options: WebhookRoutesOptions): FastifyPluginAsync {
  const { receivers, onReceived, onForged, readBytes } = options
  return (routes) => {
    routes.removeAllContentTypeParsers()
    routes.addContentTypeParser('*', readBytes)
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
