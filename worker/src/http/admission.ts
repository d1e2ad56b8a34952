/** Who is let in: a valid token within its limit, or, to what is open, anybody within the limit of an address. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestLimit } from './requestLimit.ts'
import type { Scope } from './scopes.ts'
import type { Tokens, User } from './tokens.ts'
import { clientOf } from './clientOf.ts'
import { Problem } from './problem.ts'
import { includes } from './scopes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it was; set before anything of the body is read, and empty where none is asked for. */
    userId: string
  }
  interface FastifyContextConfig {
    /** `open`: without a token, within the limit of an address. `signed`: the route itself tells whom it believes. */
    access?: 'open' | 'signed'
    /** What a token must be allowed. Without it, and without `access`, only a token without limits will do. */
    scope?: Scope
  }
}

export interface Limits {
  /** Requests without a valid token. */
  readonly perIp: RequestLimit
  readonly perToken: RequestLimit
}

type TokenRefusal = 'unauthorized' | 'forbidden'

/** Why someone was turned away; the type of the problem that is answered. */
export type Refusal = TokenRefusal | 'webhook-signature'

export interface AdmissionOptions {
  readonly tokens: Tokens
  readonly limits: Limits
  /** Whether the database's schema is one that this program can work with. */
  readonly isServing: () => boolean
  readonly onRefused: (request: FastifyRequest, reason: Refusal) => void
}

/** Refuses before anything of the body is read. */
export function admission({ tokens, limits, isServing, onRefused }: AdmissionOptions) {
  const userOf = ({ headers }: FastifyRequest): User | undefined => {
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    return token === undefined ? undefined : tokens.userOf(token)
  }
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { access } = request.routeOptions.config
    if (access !== 'signed') {
      const user = userOf(request)
      await within(user ? limits.perToken : limits.perIp, user?.id ?? clientOf(request.ip), reply)
      request.userId = user?.id ?? ''
      const refused = access === 'open' ? undefined : refusalOf(user, request)
      if (refused !== undefined) {
        onRefused(request, refused)
        throw refusal(refused, request, reply)
      }
    }
    if (!isServing()) throw new Problem('unavailable')
  }
}

/** No user, or one whose token is for other things. */
function refusalOf(user: User | undefined, request: FastifyRequest): TokenRefusal | undefined {
  if (user === undefined) return 'unauthorized'
  return request.is404 || includes(user.scopes, request.routeOptions.config.scope) ? undefined : 'forbidden'
}

/** What a client is told of it (RFC 6750 §3.1). */
function refusal(refused: TokenRefusal, request: FastifyRequest, reply: FastifyReply): Problem {
  if (refused === 'unauthorized') return new Problem(refused)
  const { scope } = request.routeOptions.config
  const needed = scope === undefined ? '' : `, scope="${scope}"`
  reply.header('www-authenticate', `Bearer error="insufficient_scope"${needed}`)
  return new Problem(refused)
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
