/** Who is let in: a valid token within its limit, or, to what is open, anybody within the limit of an address. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestLimit } from './requestLimit.ts'
import type { Tokens } from './tokens.ts'
import { clientOf } from './clientOf.ts'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it was; set before anything of the body is read, and empty where none is asked for. */
    userId: string
  }
  interface FastifyContextConfig {
    /** `open`: without a token, within the limit of an address. `signed`: the route itself tells whom it believes. */
    access?: 'open' | 'signed'
  }
}

export interface Limits {
  /** Requests without a valid token. */
  readonly perIp: RequestLimit
  readonly perToken: RequestLimit
}

export interface AdmissionOptions {
  readonly tokens: Tokens
  readonly limits: Limits
  /** Whether the database's schema is one that this program can work with. */
  readonly isServing: () => boolean
}

/** Refuses before anything of the body is read. */
export function admission({ tokens, limits, isServing }: AdmissionOptions) {
  const userOf = ({ headers }: FastifyRequest): string | undefined => {
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    return token === undefined ? undefined : tokens.userOf(token)
  }
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { access } = request.routeOptions.config
    if (access !== 'signed') {
      const userId = userOf(request)
      await within(
        userId === undefined ? limits.perIp : limits.perToken,
        userId ?? clientOf(request.ip),
        reply,
      )
      if (userId === undefined && access !== 'open') throw new Problem('unauthorized')
      request.userId = userId ?? ''
    }
    if (!isServing()) throw new Problem('unavailable')
  }
}

/**
 * Counts one request, and tells how many are left (draft-ietf-httpapi-ratelimit-headers-07).
 * @throws Problem when there are none.
 */
export async function within(limit: RequestLimit, client: string, reply: FastifyReply): Promise<void> {
  const allowance = await limit.take(client)
  reply.header('ratelimit-limit', allowance.limit)
  reply.header('ratelimit-remaining', allowance.remaining)
  reply.header('ratelimit-reset', allowance.resetSeconds)
  if (allowance.isAllowed) return
  reply.header('retry-after', allowance.resetSeconds)
  throw new Problem('too-many-requests')
}
