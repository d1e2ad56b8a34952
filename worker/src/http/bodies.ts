/** How bodies are read: within the worker's memory, in their time, as JSON or as bytes. */
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import type { FastifyBodyParser, FastifyReply, FastifyRequest } from 'fastify'
import type { BodyBudgets } from './bodyBudgets.ts'
import type { Reservation } from './byteBudget.ts'
import type { Pace } from './readBody.ts'
import { clientOf } from './clientOf.ts'
import { jsonOutline } from '../jsonOutline.ts'
import { Problem } from './problem.ts'
import { readBody } from './readBody.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What its body takes of the memory for bodies, until it is answered. */
    held: Reservation | undefined
  }
}

type Parser<Body> = (request: FastifyRequest, payload: Readable) => Promise<Body>

export interface Bodies {
  /** `application/json` in UTF-8 of a client with a token; undefined for an empty one where the route can do without. */
  readonly json: Parser<unknown>
  /** Any, of anybody. */
  readonly bytes: Parser<Buffer>
}

/** Of a batch it is 4. */
const MAX_DEPTH = 32
/** 16 KiB/s is slower than any line that one would send a batch over. */
const WITH_TOKEN: Pace = { graceMs: 10_000, bytesPerSecond: 16_384, totalMs: 60_000 }
/** Providers send little, over good lines, and give up after 15 s. */
const WITHOUT_TOKEN: Pace = { graceMs: 10_000, bytesPerSecond: 0, totalMs: 60_000 }
/** A client that is refused while it sends reads the answer only if its connection stays. */
const LINGER_MS = 10_000

/** @param parseText of the framework: it refuses keys that would become prototypes. */
export function bodies(
  { received, open, parsed }: BodyBudgets,
  parseText: FastifyBodyParser<string>,
): Bodies {
  const read = (request: FastifyRequest, payload: Readable, reservation: Reservation, pace: Pace) =>
    readBody(payload, {
      limitBytes: Math.min(request.routeOptions.bodyLimit, received.totalBytes / 2),
      contentLength: contentLengthOf(request),
      reservation,
      pace,
    })

  return {
    json: async (request, payload) => {
      if (isEncoded(request)) throw new Problem('unsupported-media-type')
      const raw = received.reserve(request.userId)
      try {
        const body = await read(request, payload, raw, WITH_TOKEN)
        if (body.length === 0 && isOptional(request.routeOptions.schema?.body)) return undefined
        request.held = parsed.reserve(request.userId)
        if (!request.held.grow(costOf(body, parsed.totalBytes))) throw new Problem('unavailable')
        return await parse(parseText, request, body)
      } finally {
        raw.release()
      }
    },
    bytes: (request, payload) => {
      request.held = open.reserve(clientOf(request.ip))
      return read(request, payload, request.held, WITHOUT_TOKEN)
    },
  }
}

/** Also when the client is long gone: what was made of its body stays until it has been dealt with. */
export function releaseBody(request: FastifyRequest, reply: FastifyReply): void {
  request.held?.release()
  const { raw } = request
  if (raw.complete || reply.statusCode === 408) return
  reply.removeHeader('connection')
  setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, LINGER_MS).unref()
}

/** @throws Problem for what could not be parsed within the memory, whoever else is there. */
function costOf(body: Buffer, maxCostBytes: number): number {
  const outline = jsonOutline(body, { maxDepth: MAX_DEPTH, maxCostBytes })
  if (outline.ok) return outline.costBytes
  if (outline.why === 'too_large') throw new Problem('request-too-large')
  throw new Problem('invalid-request', [{ pointer: '', code: outline.why }])
}

function parse(
  parseText: FastifyBodyParser<string>,
  request: FastifyRequest,
  body: Buffer,
): Promise<unknown> {
  if (!isUtf8(body)) throw new Problem('malformed-json')
  const text = body.toString('utf8')
  return new Promise((resolve, reject) => {
    void parseText(request, text, (error, value) => {
      if (error === null) resolve(value)
      else reject(text !== '' && isJson(text) ? forbiddenName() : error)
    })
  })
}

const forbiddenName = () =>
  new Problem('invalid-request', [
    {
      pointer: '',
      code: 'forbidden_name',
      detail: 'nothing may be named "__proto__", nor "prototype" in a "constructor"',
    },
  ])

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The route wants none, or says that it may be null. */
function isOptional(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return true
  return 'type' in schema && Array.isArray(schema.type) && schema.type.includes('null')
}

function contentLengthOf({ headers }: FastifyRequest): number | undefined {
  const text = headers['content-length']
  return text === undefined ? undefined : Number(text)
}

/** Compressed, or in another encoding of characters (RFC 8259 §8.1). */
export function isEncoded({ headers }: FastifyRequest): boolean {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  const charset = /;\s*charset="?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  return encoding !== 'identity' || !/^utf-?8$/i.test(charset)
}
