import { expect, test } from 'vitest'
import { benchmark } from '../../hack/bench/worker/benchmark.ts'
import { CONTESTANTS } from '../../hack/bench/worker/contestants.ts'
import { faultsIn } from '../../hack/bench/worker/results.ts'

/** That it works; how fast is for `make bench-worker`. */
test('the benchmark of the worker runs and checks what was sent', async () => {
  const contestants = CONTESTANTS.filter(({ name }) => ['ours', 'bare nodemailer'].includes(name))
  const results = await benchmark({
    scenarios: ['drain', 'drain20', 'accept', 'history', 'campaign'],
    contestants,
    count: 200,
    lateCount: 100,
    crashCount: 0,
    scaleCount: 0,
    fairnessCount: 0,
    campaignCount: 5_000,
    campaignSent: 2_000,
    historyCount: 1_000,
    acceptSeconds: 1,
    busyLot: 200,
    floodSeconds: 0,
    floodPerSecond: 0,
    rounds: 1,
    tell: () => undefined,
  })
  expect(faultsIn(results)).toEqual([])
  expect(results.contestants.map(({ contestant }) => contestant)).toEqual(['bare nodemailer', 'ours'])
  for (const { drain, drainLate } of results.contestants) {
    expect(drain?.mailsPerSecond).toBeGreaterThan(0)
    expect(drainLate?.mailsPerSecond).toBeGreaterThan(0)
  }
  expect(results.campaigns[0]?.rowsPerSecond).toBeGreaterThan(0)
  expect(results.histories[0]?.beside.mailsPerSecond).toBeGreaterThan(0)
  expect(results.accepts[0]?.batches).toBe(17)
})
