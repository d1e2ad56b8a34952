/** The port that is not for users: probes, metrics, and the evidence that the operator reads. */
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'

export interface Readiness {
  readonly ready: boolean
  /** What was looked at, in words. */
  readonly checks: Readonly<Record<string, string>>
}

export interface Backlog {
  readonly rows: number
  readonly oldestSeconds: number
  /** Instant of the oldest; unset = nothing waits. */
  readonly since?: string
}

export interface Evidence {
  readonly worker: string
  readonly postgres: {
    readonly tls: boolean
    /** Whether the certificate at the other end was verified. */
    readonly verified: boolean
    readonly serverVersion: string
    readonly migrationVersion: number
    readonly schema: string
    /** The server's own, by its own names. */
    readonly settings: Readonly<Record<string, string>>
  }
  readonly nats: { readonly connected: boolean }
  readonly provider: {
    readonly name: string
    /** Closed for a while by its own answers, or paused by a flag. */
    readonly state: 'open' | 'closed' | 'paused'
    /** While nothing goes through, of the worker for which that is so longest: since when, and the last refusal. */
    readonly closed?: {
      readonly since: string
      /** From then to the last refusal: what was not tried again may be over. */
      readonly seconds: number
      readonly class: string
      /** Ours, such as `smtp_451`. */
      readonly code?: string
      readonly replyCode?: number
      /** For how many workers, of how many. */
      readonly workers: number
      readonly of: number
    }
    /** Mails that all workers together may send now; unset = nobody limits them. */
    readonly perSecond?: number
    /** What it said of our credentials when it saw them last, and when; `unknown`: nothing yet, or it asks for none. */
    readonly credentials: 'accepted' | 'refused' | 'unknown'
    readonly credentialsSaidAt?: string
  }
  readonly features: {
    /** `None` when the spec names none. */
    readonly provider: string
    readonly degraded: boolean
    /** The same of the server that keeps them; `unknown` where there is none. */
    readonly credentials: 'accepted' | 'refused' | 'unknown'
    readonly credentialsSaidAt?: string
    /** As they are when no batch is asked about. */
    readonly flags: Readonly<Record<string, { readonly value: boolean | string; readonly reason: string }>>
  }
  readonly inFlight: number
  /** Age of the oldest batch that is accepted or running; 0 when there is none. */
  readonly oldestInFlightSeconds: number
  /** Of all workers, from PostgreSQL. */
  readonly work: {
    /** Batches that are not at their end, by state, and their recipients. */
    readonly batches: Readonly<Record<string, number>>
    readonly recipients: Readonly<Record<string, number>>
    /** Recipients in doubt, of all batches. */
    readonly uncertain: number
    readonly deadLetters: number
    /** Wake-ups in the queue; unset when NATS does not say. */
    readonly queueDepth?: number
    /** Of the batch that has not got on for longest although something of it is due. */
    readonly standstill?: { readonly since: string; readonly seconds: number }
    /** Of the last two minutes. */
    readonly attempts: { readonly made: number; readonly refused: number; readonly mostRefused?: string }
  }
  /** Requests to all workers in the last two minutes, without uploads: answered, after more than half a second, with 500 or above. */
  readonly api: { readonly answered: number; readonly slow: number; readonly failed: number }
  /** What has not reached ClickHouse; empty without one. */
  readonly outboxLag: { readonly events?: Backlog; readonly audit?: Backlog }
  /** Unset for a provider that sends none, or of which none are taken. */
  readonly webhooks?: {
    readonly provider: string
    /** What becomes of one that nobody signed, as it was tried for this answer: `forged` when it is turned away. */
    readonly forgery: 'genuine' | 'forged' | 'unavailable' | 'ignored'
    /** When the newest genuine one came, in the last two days. */
    readonly verifiedAt?: string
    /** When one was turned away last. */
    readonly forgedAt?: string
    /** What has not had its effect. */
    readonly inbox: Backlog
  }
}

export interface InternalOptions {
  readonly readiness: () => Readiness
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly evidence: () => Promise<Evidence>
}

export function internalServer({ readiness, metrics, evidence }: InternalOptions): FastifyInstance {
  const server = Fastify({ forceCloseConnections: true })
  server.get('/livez', () => ({ alive: true }))
  server.get('/readyz', (_request, reply) => {
    const state = readiness()
    return reply.code(state.ready ? 200 : 503).send(state)
  })
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics()
    return reply.type(contentType).send(text)
  })
  server.get('/evidence', async (_request, reply) => {
    try {
      return await evidence()
    } catch {
      return reply.code(503).send({ error: 'PostgreSQL does not answer' })
    }
  })
  return server
}
