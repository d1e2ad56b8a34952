/** The whole vocabulary of what can go wrong in a pass. */

/** A person must act; not tried again before something changes. */
export class Terminal extends Error {
  override readonly name = 'Terminal'
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Not a failure: look again after a while. */
export class Waiting extends Error {
  override readonly name = 'Waiting'
  readonly reason: string
  readonly afterMs: number
  /** What a person may be told of it, once it has lasted long enough. */
  readonly why: string | undefined
  constructor(reason: string, afterMs: number, why?: string) {
    super(reason)
    this.reason = reason
    this.afterMs = afterMs
    this.why = why
  }
}

/** What the API server answered instead of what was asked; the message is the first line of its own. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly reason: string
  /** `details.causes` of the Status object. */
  readonly causes: readonly StatusCause[]
  readonly retryAfterMs: number | undefined
  constructor(status: number, body: unknown, retryAfterMs?: number) {
    const told = isStatus(body) ? body : {}
    super((told.message ?? `the API server answered ${status}`).split('\n')[0])
    this.status = status
    this.reason = told.reason ?? ''
    this.causes = told.details?.causes ?? []
    this.retryAfterMs = retryAfterMs
  }
}

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

interface Status {
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes?: readonly StatusCause[] }
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status'
}

/** What the server tells in the middle of a watch, where an answer has no status of its own. */
export function errorOf(status: Readonly<Record<string, unknown>>): ApiError {
  const { code } = status
  return new ApiError(typeof code === 'number' ? code : 500, status)
}

/** A conflict of versions: somebody was quicker; the next pass sees what they did. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}

/** A resource version too old to watch from, or a list too old to go on with. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired')
}

/** Of a question for a collection: the server does not serve the kind, or that version of it. */
export function isUnknownKind(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** Of a question for a list as a stream: the server is too old to understand it. */
export function isUnknownQuery(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 422 || error.status === 400)
}

/** A defect rather than a failure: what the engine throws by itself, or what is no Error at all. */
export function isPanic(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  // fetch, too, throws a TypeError for a lost connection, but with a cause.
  if (error.cause !== undefined) return false
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

/**
 * What the server will answer the same until the object is another one: bad, forbidden, too much, not valid. A body
 * that does not fit its type is answered with 500 by server-side apply (apiserver 1.36, `typed patch object`).
 */
export function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false
  return [400, 403, 422].includes(error.status) || isMisfit(error)
}

/** The body has a field that its type does not know, or a value that cannot be one. */
export function isMisfit({ status, message }: ApiError): boolean {
  return status === 500 && /^failed to (create typed patch object|convert new object)/.test(message)
}

/** Nobody answered: what is tried next would not be answered either. */
export function isLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

export function isThrottled(error: unknown): boolean {
  return error instanceof ApiError && error.status === 429
}

/** How long the server asked us to wait; zero when it did not. */
export function retryAfterMs(error: unknown): number {
  return error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
}
