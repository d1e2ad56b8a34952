/** What a client is told when a request fails: RFC 9457 problems with stable types, and nothing from inside. */

import type { Static, TArrayOptions, TSchema } from 'typebox'
import Type from 'typebox'

const PROBLEMS = {
  'malformed-request': { status: 400, title: 'This is not a request in HTTP/1.1' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'idempotency-key-missing': { status: 400, title: 'An Idempotency-Key is required' },
  unauthorized: { status: 401, title: 'A valid bearer token is required' },
  'webhook-signature': { status: 401, title: 'The signature is missing or wrong' },
  forbidden: { status: 403, title: 'The token is not allowed to do this' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'batch-empty': { status: 409, title: 'The batch has no recipients' },
  'upload-offset': { status: 409, title: 'Rows begin at no offset that was told: see Upload-Offset' },
  'upload-changed': {
    status: 409,
    title: 'The rows that were taken before are not those that are given again',
  },
  'upload-superseded': { status: 409, title: 'Another upload into this batch has begun since' },
  'idempotency-key-in-flight': { status: 409, title: 'A request with this Idempotency-Key is being handled' },
  'batch-state': { status: 409, title: 'The batch is in a state that does not allow this' },
  'request-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': {
    status: 415,
    title: 'The body must be application/json, or rows as NDJSON or CSV, in UTF-8 and uncompressed',
  },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'too-many-requests': { status: 429, title: 'Too many requests: see Retry-After' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'The service cannot do this at the moment' },
} as const

export type ProblemType = keyof typeof PROBLEMS

export const PROBLEM_TYPES = Object.keys(PROBLEMS) as readonly ProblemType[]

export interface FieldError {
  /** JSON pointer (RFC 6901) into the body, or the name of a header or parameter. */
  readonly pointer: string
  readonly code: string
  /** For people: what would be right. */
  readonly detail?: string
}

/** A name as a part of a JSON pointer (RFC 6901 §3). */
export const pointerPart = (name: string): string => name.replace(/~/g, '~0').replace(/\//g, '~1')

export const statusOf = (type: ProblemType): number => PROBLEMS[type].status
export const problemTitle = (type: ProblemType): string => PROBLEMS[type].title
export const problemUri = (type: ProblemType): string => `https://batchsender.io/problems/${type}`

/** A list of an answer, which nobody changes. */
export const List = <Item extends TSchema>(items: Item, options: TArrayOptions) =>
  Type.Unsafe<readonly Static<Item>[]>(Type.Array(items, options))

export const FieldErrorView = Type.Object(
  {
    pointer: Type.String({
      description: 'JSON pointer into the body, or the name of a header or parameter.',
    }),
    code: Type.String({ description: 'What is wrong, for programs: see the table of codes.' }),
    detail: Type.Optional(Type.String({ description: 'The same for people, where there is more to say.' })),
  },
  { title: 'FieldError' },
)

/** The document as the description of the API has it. */
export const ProblemView = Type.Object(
  {
    type: Type.String({ description: 'Stable, and what a program should look at.' }),
    title: Type.String({ description: 'The type in words.' }),
    status: Type.Integer({ description: 'The status of HTTP once more.' }),
    instance: Type.String({ description: 'The id of the request, under which the log tells more.' }),
    errors: Type.Optional(
      List(FieldErrorView, {
        maxItems: 20,
        description: 'Every fault of the request, up to twenty.',
      }),
    ),
  },
  { title: 'Problem' },
)

/** How many of the errors of one request are told. */
export const ERRORS_TOLD = 20

export class Problem extends Error {
  readonly type: ProblemType
  readonly errors: readonly FieldError[]

  constructor(type: ProblemType, errors: readonly FieldError[] = []) {
    super(PROBLEMS[type].title)
    this.type = type
    this.errors = errors.slice(0, ERRORS_TOLD)
  }

  get status(): number {
    return statusOf(this.type)
  }

  /** @param instance the id of the request, which the log carries too */
  document(instance: string) {
    return {
      type: problemUri(this.type),
      title: this.message,
      status: this.status,
      instance,
      ...(this.errors.length > 0 && { errors: this.errors }),
    }
  }
}
