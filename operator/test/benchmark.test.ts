/**
 * The operator benchmark at a tiny size: that it works, not how fast anybody is.
 * kopf is left to `make bench-operator`: it needs Python and PyPI, which the suites do not.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { benchmark, type Run } from '../../hack/bench/operator/benchmark.ts'
import { CONTESTANTS } from '../../hack/bench/operator/contestants.ts'

const COUNT = 4
const NAMES = ['ours', 'controller-runtime-create-16', 'controller-runtime-apply', 'informer']

let runs: readonly Run[]
const of = (name: string) => runs.find(({ contestant }) => contestant === name)

beforeAll(async () => {
  const contestants = CONTESTANTS.filter(({ name }) => NAMES.includes(name))
  runs = await benchmark({ contestants, count: COUNT, rounds: 1 })
})

describe('the operator benchmark', () => {
  it.each(NAMES)('measures every scenario of %s', (name) => {
    expect(of(name)?.fault).toBeUndefined()
    expect(of(name)).toMatchObject({
      burst: { requests: { writes: expect.any(Number) as number } },
      coldStart: { requests: { total: expect.any(Number) as number } },
      heal: { deleted: { samples: COUNT }, edited: { samples: COUNT }, massDelete: { children: 5 } },
    })
  })

  it('counts six writes for each object of ours, no reads, and none after a restart', () => {
    expect(of('ours')?.burst?.requests).toMatchObject({ total: 6 * COUNT, writes: 6 * COUNT })
    expect(of('ours')?.coldStart?.requests).toEqual({
      total: 6,
      writes: 0,
      byKind: {
        'watch benches': 1,
        'watch secrets': 1,
        'watch configmaps': 1,
        'watch networkpolicies': 1,
        'watch cronjobs': 1,
        'watch deployments': 1,
      },
    })
  })

  it('says why a contestant has no figures', async () => {
    const broken = {
      name: 'broken',
      settings: 'ends at once',
      prepare: () => Promise.resolve({ program: process.execPath, args: ['-e', 'process.exit(3)'] }),
    }
    const [run] = await benchmark({ contestants: [broken], count: 1, rounds: 1 })
    expect(run?.fault).toContain('it ended with 3')
    expect(run?.burst).toBeUndefined()
  })
})
