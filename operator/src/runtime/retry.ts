/** When a request is sent again, and after how long. Pure but for the randomness handed in. */
import { ApiError, isMisfit } from './errors.ts'

const MOST_TRIES = { throttled: 10, serverError: 4, lost: 3 } as const

/** A POST may have been carried out although its answer was lost; everything else can be sent twice. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'PUT', 'PATCH', 'DELETE'])

/** @returns milliseconds until the next try; `undefined` when there is none. */
export function pauseBeforeRetry(
  method: string,
  error: unknown,
  attempt: number,
  random: () => number,
): number | undefined {
  const kind = kindOf(error)
  if (kind === undefined || attempt >= MOST_TRIES[kind]) return undefined
  if (kind !== 'throttled' && !IDEMPOTENT.has(method)) return undefined
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined
  if (asked !== undefined) return asked * (1 + random() * 0.1)
  return Math.min(100 * 2 ** attempt, 5_000) * (0.5 + random())
}

function kindOf(error: unknown): keyof typeof MOST_TRIES | undefined {
  if (!(error instanceof ApiError)) return 'lost'
  if (error.status === 429) return 'throttled'
  if (isMisfit(error)) return undefined
  return error.status >= 500 ? 'serverError' : undefined
}
