import { describe, expect, it } from 'vitest'
import type { Result } from './wire.ts'
import { answeredRightly, figuresOf, missedThresholds, taken } from './figures.ts'

/** One each 100 ms. */
const SCENARIO = { rate: 600, perSeconds: 60, most: 10, answers: { genuine: 200, forged: 401 } }
const COUNT = 100

/** On time, answered rightly, within as many milliseconds as its number says. */
const kept = (seq: number): Result => {
  const isForged = seq % 50 === 0
  return {
    kind: isForged ? 'forged' : 'genuine',
    seq,
    at: 1_000_000 + seq * 100,
    ms: seq + 1,
    status: isForged ? 401 : 200,
    error: isForged ? '401 Unauthorized' : '',
  }
}

const figures = (change: (result: Result) => readonly Result[] = (result) => [result]) =>
  figuresOf(Array.from({ length: COUNT }, (_, seq) => kept(seq)).flatMap(change), SCENARIO, COUNT)
const missed = async (...args: Parameters<typeof figures>) => missedThresholds(await figures(...args))
const at =
  (seq: number, change: Partial<Result>) =>
  (result: Result): readonly Result[] => [result.seq === seq ? { ...result, ...change } : result]

describe('the figures of a load', () => {
  it('count the answers of each kind and rank the latencies', async () => {
    const all = await figures()
    expect(all).toEqual({
      wanted: 100,
      sent: 100,
      kinds: {
        genuine: { right: 200, statuses: { 200: 98 } },
        forged: { right: 401, statuses: { 401: 2 } },
      },
      trouble: undefined,
      ms: { p50: 50, p95: 95, p99: 99, max: 100 },
      lateMs: 0,
    })
    expect(answeredRightly(all)).toBe(100)
    expect(taken(all)).toBe(98)
    expect(missedThresholds(all)).toEqual([])
  })

  it('do not depend on the order in which requests end', async () => {
    const results = Array.from({ length: COUNT }, (_, seq) => kept(seq))
    expect(await figuresOf(results.reverse(), SCENARIO, COUNT)).toEqual(await figures())
  })

  it('know no kind that the scenario does not', async () => {
    await expect(figures(at(1, { kind: 'other' }))).rejects.toThrow('no known kind: other')
  })
})

describe('a threshold that is missed', () => {
  it('may be the latency, of one request in twenty', async () => {
    const slow = (count: number) => (result: Result) => [result.seq < count ? { ...result, ms: 500 } : result]
    expect(await missed(slow(5))).toEqual([])
    expect(await missed(slow(6))).toEqual(['p95 < 500 ms: 500.0 ms'])
  })

  it('may be a request without an answer', async () => {
    expect(await missed(at(7, { status: 0, error: 'connection refused' }))).toEqual([
      'unanswered: 1 instead of 0 (connection refused)',
      'genuine answered 200: 97 instead of 98 (1 × 0, 97 × 200)',
    ])
  })

  it('may be the wrong answer, to either kind', async () => {
    expect(await missed(at(7, { status: 202 }))).toEqual([
      'genuine answered 200: 97 instead of 98 (97 × 200, 1 × 202)',
    ])
    const accepted = at(50, { status: 200 })
    expect(await missed(accepted)).toEqual(['forged answered 401: 1 instead of 2 (1 × 200, 1 × 401)'])
    expect(taken(await figures(accepted))).toBe(98)
  })

  it('may be a request that was not sent', async () => {
    expect(await missed((result) => (result.seq === 99 ? [] : [result]))).toEqual(['sent: 99 instead of 100'])
  })

  it('may be the pace, though all were sent in the end', async () => {
    const stalled = (ms: number) => at(40, { at: kept(40).at + ms })
    expect(await missed(stalled(999))).toEqual([])
    expect(await missed(stalled(1_000))).toEqual(['behind the pace < 1000 ms: 1000 ms'])
  })
})
