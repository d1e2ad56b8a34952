import { expect, test } from 'vitest'
import { benchmark } from '../../hack/bench/worker/benchmark.ts'
import { CONTESTANTS } from '../../hack/bench/worker/contestants.ts'
import { faultsIn } from '../../hack/bench/worker/results.ts'

/** That it works; how fast is for `make bench-worker`. */
test('the benchmark of the worker runs and checks what was sent', async () => {
  const contestants = CONTESTANTS.filter(({ name }) => ['ours', 'bare nodemailer'].includes(name))
  const results = await benchmark({
    scenarios: ['drain', 'accept', 'scale', 'flood'],
    contestants,
    count: 200,
    crashCount: 0,
    scaleCount: 200,
    acceptSeconds: 1,
    busyLot: 200,
    floodSeconds: 1,
    floodPerSecond: 100,
    rounds: 1,
    tell: () => undefined,
  })
  expect(faultsIn(results)).toEqual([])
  expect(results.contestants.map(({ contestant }) => contestant)).toEqual(['bare nodemailer', 'ours'])
  for (const { drain } of results.contestants) expect(drain?.mailsPerSecond).toBeGreaterThan(0)
  expect(results.accepts[0]?.batches).toBe(17)
  expect(results.scales[0]).toHaveLength(2)
  expect(results.floods).toHaveLength(2)
})
