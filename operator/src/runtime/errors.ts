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
  constructor(reason: string, afterMs: number) {
    super(reason)
    this.reason = reason
    this.afterMs = afterMs
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

/** A defect rather than a failure: what the engine throws by itself, or what is no Error at all. */
export function isPanic(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  // fetch, too, throws a TypeError for a lost connection, but with a cause.
  if (error.cause !== undefined) return false
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

export function isThrottled(error: unknown): boolean {
  return error instanceof ApiError && error.status === 429
}

/** How long the server asked us to wait; zero when it did not. */
export function retryAfterMs(error: unknown): number {
  return error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
}
