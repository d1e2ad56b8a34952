import { describe, expect, it } from 'vitest'
import { ApiError } from './errors.ts'
import { pauseBeforeRetry } from './retry.ts'

const busy = (retryAfterMs?: number) => new ApiError(429, undefined, retryAfterMs)
const broken = new ApiError(503, undefined)
const lost = new Error('read ECONNRESET')
const middle = () => 0.5
const tries = (method: string, error: unknown) => {
  let attempt = 1
  while (pauseBeforeRetry(method, error, attempt, middle) !== undefined) attempt += 1
  return attempt
}

describe('a request that failed', () => {
  it.each([
    { method: 'POST', error: busy(), tries: 10, why: 'the server refused before it did anything' },
    { method: 'PATCH', error: busy(), tries: 10, why: 'the server refused before it did anything' },
    { method: 'GET', error: broken, tries: 4, why: 'reading twice is harmless' },
    { method: 'PATCH', error: lost, tries: 3, why: 'applying twice is harmless' },
    { method: 'POST', error: broken, tries: 1, why: 'it may have been carried out' },
    { method: 'POST', error: lost, tries: 1, why: 'it may have been carried out' },
    { method: 'GET', error: new ApiError(404, undefined), tries: 1, why: 'the answer will be the same' },
    { method: 'PATCH', error: new ApiError(409, undefined), tries: 1, why: 'somebody must look again first' },
  ])('is sent $tries times: $method, $error.message, since $why', ({ method, error, tries: expected }) => {
    expect(tries(method, error)).toBe(expected)
  })

  it('waits as long as the server asked, and a little more at random', () => {
    expect(pauseBeforeRetry('POST', busy(2_000), 1, () => 0)).toBe(2_000)
    expect(pauseBeforeRetry('POST', busy(2_000), 1, () => 1)).toBeCloseTo(2_200)
  })

  it('waits longer each time, but not for ever', () => {
    const pauses = [1, 2, 3, 9].map((attempt) => pauseBeforeRetry('GET', busy(), attempt, middle))
    expect(pauses).toEqual([200, 400, 800, 5_000])
  })
})
